"""py-rattler solves and installs real packages out of our channels, by JSON and by shards."""
import asyncio
import hashlib
import json

import pytest
import rattler

from support import packages, secrets
from support.anaconda import Anaconda, versions
from support.publish import Upload
from support.venvs import find_venv
from support.wait import until


@pytest.fixture(scope="module")
def real(publish_all, test_data, server, account):
    """A channel of real packages: conda's recipes, which depend on each other."""
    folder = test_data / "conda" / "conda-tests" / "test-recipes" / "noarch"
    paths = sorted(folder.glob("*.conda"))
    publish_all("real", paths)
    return paths


@pytest.fixture(scope="module")
def made(publish, tmp_path_factory):
    """A small tree of packages: app -> lib >=2 -> base, of both formats, with a linux-64 one."""
    folder = tmp_path_factory.mktemp("made")
    paths = [
        packages.make_tiny(folder, "base", "1.0", extension=".tar.bz2"),
        packages.make_tiny(folder, "lib", "1.0", depends=["base"]),
        packages.make_tiny(folder, "lib", "2.0", depends=["base >=1.0"]),
        packages.make_tiny(folder, "app", "1!1.0+cu118", depends=["lib >=2", "native"]),
        packages.make_tiny(folder, "native", "3.1", "h0_0", subdir="linux-64", noarch=None)]
    for path in paths:
        publish("made", path)
    return {path.name: path for path in paths}


def gateway(folder, shards):
    return rattler.Gateway(cache_dir=folder, default_config=rattler.SourceConfig(
        sharded_enabled=shards), client=rattler.Client())


def solve(url, specs, cache, shards):
    return asyncio.run(rattler.solve([rattler.Channel(url)], specs,
                                     gateway=gateway(cache, shards),
                                     platforms=["linux-64", "noarch"],
                                     virtual_packages=[]))


def install(records, prefix, cache):
    asyncio.run(rattler.install(records, prefix, cache_dir=cache, show_progress=False,
                                execute_link_scripts=False))


def check_installed(prefix, record, path):
    """What lies in the prefix is what the archive holds (paths.json)."""
    members = packages.read_members(path)
    meta = json.loads((prefix / "conda-meta" / f"{record.name.normalized}-{record.version}-"
                       f"{record.build}.json").read_text())
    assert meta["sha256"] == packages.sha256_of(path)
    checked = 0
    for entry in json.loads(members["info/paths.json"])["paths"]:
        if entry.get("prefix_placeholder") or entry["path_type"] != "hardlink":
            continue
        installed = prefix / entry["_path"]
        if not installed.exists():
            continue  # noarch python moves its files to where this python wants them
        assert hashlib.sha256(installed.read_bytes()).hexdigest() == entry["sha256"]
        checked += 1
    return checked


def names(records):
    return {record.name.normalized: str(record.version) for record in records}


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_solve_and_install(server, made, tmp_path, shards):
    url = f"{server.url}/conda/made"
    records = solve(url, ["app"], tmp_path / "cache", shards)
    assert names(records) == {"app": "1!1.0+cu118", "lib": "2.0", "base": "1.0", "native": "3.1"}
    install(records, tmp_path / "prefix", tmp_path / "pkgs")
    for record in records:
        path = made[record.file_name]
        assert record.sha256.hex() == packages.sha256_of(path)
        assert record.md5.hex() == hashlib.md5(path.read_bytes()).hexdigest()
        assert check_installed(tmp_path / "prefix", record, path) == 1
    assert (tmp_path / "prefix/share/app/hello.txt").read_text() == "app 1!1.0+cu118 0\n"
    # Warm: the same answer out of the client's caches, into a new prefix.
    again = solve(url, ["app"], tmp_path / "cache", shards)
    assert names(again) == names(records)
    install(again, tmp_path / "prefix2", tmp_path / "pkgs")
    assert (tmp_path / "prefix2/share/app/hello.txt").exists()


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_real_packages(server, real, tmp_path, shards):
    """Every package of the real channel is found, and those without scripts are installed."""
    by_name = {path.name: path for path in real}
    wanted = ["dependent ==2.0", "versioned ==1.0", "sample_noarch_python"]
    records = solve(f"{server.url}/conda/real", wanted, tmp_path / "cache", shards)
    found = names(records)
    assert found["dependent"] == "2.0" and found["versioned"] == "1.0"
    install(records, tmp_path / "prefix", tmp_path / "pkgs")
    for record in records:
        check_installed(tmp_path / "prefix", record, by_name[record.file_name])


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_a_channel_as_it_was(server, publish, account, tmp_path, shards):
    """Solved and installed from a state of before, without what came since."""
    owner = f"was{int(shards)}"
    for version in ("1.0", "2.0"):
        publish(owner, packages.make_tiny(tmp_path, "app", version))
    newest = server.client().get(f"/api/v1/channels/{owner}/generations").expect(200).json()
    first = newest["generations"][-1]["number"]
    records = solve(f"{server.url}/conda/{owner}@gen-{first}", ["app"], tmp_path / "cache", shards)
    assert names(records) == {"app": "1.0"}
    install(records, tmp_path / "prefix", tmp_path / "pkgs")
    assert (tmp_path / "prefix/share/app/hello.txt").read_text() == "app 1.0 0\n"
    assert names(solve(f"{server.url}/conda/{owner}", ["app"], tmp_path / "cache", shards)) == {
        "app": "2.0"}


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_every_record_is_read(server, real, made, tmp_path, shards):
    """No record of ours is dropped by rattler's strict reader."""
    for owner, paths in (("real", real), ("made", list(made.values()))):
        records = asyncio.run(gateway(tmp_path / owner, shards).query(
            [rattler.Channel(f"{server.url}/conda/{owner}")], ["linux-64", "noarch"],
            sorted({packages.describe(path).name for path in paths}), recursive=False))
        found = {record.file_name for group in records for record in group}
        assert found == {path.name for path in paths}


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
@pytest.mark.parametrize("form", ["/t/{token}/conda/made", "/conda/t/{token}/made",
                                  "/t/{token}/made", "/conda/made/label/main"])
def test_other_addresses_of_the_channel(server, made, token, tmp_path, form, shards):
    url = server.url + form.format(token=token("made"))
    records = solve(url, ["lib"], tmp_path / "cache", shards)
    assert names(records) == {"lib": "2.0", "base": "1.0"}
    install(records, tmp_path / "prefix", tmp_path / "pkgs")
    assert (tmp_path / "prefix/share/lib/hello.txt").exists()


@pytest.mark.parametrize("version", versions())
def test_a_token_that_anaconda_made_for_an_organization(server, account, tiny, tmp_path, version):
    """anaconda auth --create -o ORG, and its token in the URL of the channel."""
    alice, organization = account("alice"), "org" + version.replace(".", "-")
    client = alice.by_token("publishes")
    client.post("/api/v1/organizations", {"login": organization}).expect(201)
    Upload(client, organization, packages.describe(tiny("theirs"))).run()
    anaconda = Anaconda(find_venv(f".venv-anaconda-client-{version}"), version, tmp_path / "home",
                        server.url + "/api")
    anaconda.login(alice, stdin="y\n").ok()
    token = secrets.remember(anaconda(
        "auth", "--create", "--name", "N", "-o", organization, "--scopes", "repos conda:download",
        "--max-age", "86400", "--strength", "strong", stdin=alice.password + "\n").ok().out.strip())
    url = f"{server.url}/t/{token}/{organization}"
    for shards in (False, True):
        records = solve(url, ["theirs"], tmp_path / f"cache{shards}", shards)
        assert names(records) == {"theirs": "1.0"}
        install(records, tmp_path / f"prefix{shards}", tmp_path / f"pkgs{shards}")
        assert (tmp_path / f"prefix{shards}/share/theirs/hello.txt").exists()
    client.delete(f"/api/authentications/org/{organization}/name/N").expect(201)
    with pytest.raises(Exception, match="401|nauthorized"):
        solve(url, ["theirs"], tmp_path / "cache", True)


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_credentials_out_of_the_clients_file(server, made, token, tmp_path, monkeypatch, shards):
    for kind, value in (("BearerToken", token("made")), ("CondaToken", token("made"))):
        file = tmp_path / "auth.json"
        file.write_text(json.dumps({"127.0.0.1": {kind: value}}))
        monkeypatch.setenv("RATTLER_AUTH_FILE", str(file))
        client = rattler.Client([rattler.networking.AuthenticationMiddleware()])
        way = rattler.Gateway(cache_dir=tmp_path / kind, client=client,
                              default_config=rattler.SourceConfig(sharded_enabled=shards))
        records = asyncio.run(rattler.solve(
            [rattler.Channel(f"{server.url}/conda/made")], ["lib"], gateway=way,
            platforms=["linux-64", "noarch"]))
        assert names(records) == {"lib": "2.0", "base": "1.0"}


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_a_label_is_a_channel(server, publish, tiny, tmp_path, shards):
    publish("labels", tiny("stable"))
    publish("labels", tiny("edge", extension=".tar.bz2"), labels=["nightly/x"])
    url = f"{server.url}/conda/labels/label/nightly/x"
    assert names(solve(url, ["edge"], tmp_path / "a", shards)) == {"edge": "1.0"}
    with pytest.raises(Exception, match="stable"):
        solve(url, ["stable"], tmp_path / "a", shards)
    with pytest.raises(Exception, match="edge"):
        solve(f"{server.url}/conda/labels", ["edge"], tmp_path / "b", shards)


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_an_empty_channel_is_a_channel(server, account, tmp_path, shards):
    account("emptiness")
    assert solve(f"{server.url}/conda/emptiness", [], tmp_path / "c", shards) == []
    with pytest.raises(Exception, match="nothing"):
        solve(f"{server.url}/conda/emptiness", ["nothing"], tmp_path / "c", shards)


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_a_channel_that_was_empty_is_seen_to_fill(server, account, publish, tiny, tmp_path, shards):
    """What a client cached of the empty channel must not outlive its few seconds."""
    owner = "filling" + ("s" if shards else "j")
    account(owner)
    url = f"{server.url}/conda/{owner}"
    assert solve(url, [], tmp_path / "c", shards) == []
    publish(owner, tiny("first" + owner))

    def found():
        way = rattler.Gateway(cache_dir=tmp_path / "c", client=rattler.Client(),
                              default_config=rattler.SourceConfig(
                                  sharded_enabled=shards, cache_action="no-cache"))
        try:
            return asyncio.run(rattler.solve([rattler.Channel(url)], ["first" + owner], gateway=way,
                                             platforms=["linux-64", "noarch"]))
        except Exception:  # not yet
            return None
    assert until(found, 10, "the first package")


def test_an_absent_channel_is_an_error(server, tmp_path):
    with pytest.raises(Exception, match="404|noarch|not found"):
        solve(f"{server.url}/conda/no-such-owner", ["x"], tmp_path, True)


def test_a_package_is_read_by_its_url(server, made, tmp_path):
    """Range requests: only the part of a .conda that holds info/ is fetched."""
    if not hasattr(rattler.package, "PathsJson"):
        pytest.skip("this py-rattler reads no packages by URL")
    url = f"{server.url}/conda/made/noarch/lib-2.0-0.conda"
    reader = getattr(rattler.IndexJson, "from_remote_url", None)
    if reader is None:
        pytest.skip("this py-rattler reads no packages by URL")
    index = asyncio.run(reader(rattler.Client(), url))
    assert index.name.normalized == "lib" and str(index.version) == "2.0"
