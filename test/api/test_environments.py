"""Environment files: read, each requirement looked for, and given to conda."""
import hashlib
import re

import pytest

from support import packages, pypi
from support.publish import Plain, Refused, Upload


@pytest.fixture
def alice(server, token):
    return server.client(token=token("alice"))


@pytest.fixture
def put(alice, request):
    """put(text): publishes an environment file; its path below /api/v1/environments."""
    name = re.sub(r"[^a-z0-9-]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")[:60]

    def put(text, basename="environment.yml", version="2026.11.27.120000", client=alice,
            owner="alice"):
        data = text if isinstance(text, bytes) else text.encode()
        upload = Upload(client, owner, Plain(name, version, basename), data=data, kind="env")
        upload.run()
        return upload.release_path + "/" + basename
    return put


def view(client, path):
    return client.get("/api/v1/environments" + path).expect(200).json()


def here(client, path):
    """What is told of each requirement, without its owner."""
    return [entry["here"] for entry in view(client, path)["entries"]]


@pytest.fixture(scope="module")
def tools(server, token, tmp_path_factory):
    """Packages of alice: tool in three versions, and hidden, which is private."""
    client = server.client(token=token("alice"))
    folder = tmp_path_factory.mktemp("tools")
    for version, build, subdir in (("1.0", "0", "noarch"), ("1.10", "h1_0", "linux-64"),
                                   ("1.10", "h1_0", "osx-64"), ("2.0", "0", "linux-64")):
        made = packages.make(folder / f"{version}-{subdir}", packages.index_of(
            "tool", version=version, build=build, subdir=subdir,
            noarch="generic" if subdir == "noarch" else None), {"share/x": version.encode()})
        Upload(client, "alice", packages.describe(made)).run()
    Upload(client, "alice", packages.describe(packages.make_tiny(folder, "hidden"))).run()
    client.request("PUT", "/api/v1/packages/alice/hidden/access",
                   json_body={"access": "private"}).expect(204)
    dev = packages.make(folder / "dev", packages.index_of("tool", version="3.0"), {})
    Upload(client, "alice", packages.describe(dev), labels=["dev"]).run()


def test_an_environment_is_read(put, alice, server):
    path = put("name: lab\nchannels: [conda-forge, 'https://h/t/tk-1/c']\ndependencies:\n"
               "- python=3.12\n- pip:\n  - six==1.17\nvariables: {KEY: secret}\nodd: 1\n")
    assert view(alice, path) == {
        "format": "environment", "name": "lab", "platforms": [], "variables": ["KEY"],
        "channels": [{"channel": "conda-forge"}, {"channel": "https://h/t/***/c"}],
        "notes": ['line 8: the key "odd" is not read',
                  "a URL holds a password or token, which whoever may download this file can read"],
        "conda": 1, "pip": 1, "url": f"{server.url}/api/download{path}",
        "entries": [
            {"manager": "conda", "line": 4, "name": "python", "spec": "python=3.12",
             "here": {"state": "elsewhere"}},
            {"manager": "pip", "line": 6, "name": "six", "spec": "six==1.17",
             "here": {"state": "elsewhere"}}]}
    attrs = alice.get("/api/dist" + path).json()["attrs"]
    assert attrs["conda"] == 1 and attrs["name"] == "lab" and "entries" not in attrs
    assert "secret" not in str(attrs) and "tk-1" not in str(attrs)


def test_each_requirement_is_looked_for_in_its_channels(put, alice, tools):
    path = put("channels: [alice]\ndependencies:\n- tool\n- tool <2\n- TOOL =1.10=h1_*\n- tool >2\n"
               "- absent\n- conda-forge::tool\n- alice/label/dev::tool\n- sel(osx): tool\n")
    found = {"state": "present", "owner": "alice", "package": "tool"}
    assert here(alice, path) == [
        {**found, "version": "2.0", "platforms": ["linux-64"]},
        {**found, "version": "1.10", "platforms": ["linux-64", "osx-64"]},
        {**found, "version": "1.10", "platforms": ["linux-64", "osx-64"]},
        {"state": "absent"}, {"state": "absent"}, {"state": "elsewhere"},
        {**found, "version": "3.0", "platforms": ["noarch"]},
        {**found, "version": "1.10", "platforms": ["osx-64"]}]


@pytest.mark.parametrize("channel, login", [
    ("alice", "alice"), ("Alice/noarch", "alice"), ("{url}/conda/alice", "alice"),
    ("{url}/conda/alice/noarch", "alice"), ("{url}/t/xyz/alice/", "alice"),
    ("{url}/conda/t/xyz/alice/label/Dev", "alice"), ("{url}/t/xyz/conda/alice", "alice"),
    ("https://elsewhere.example/conda/alice", None), ("conda-forge", None), ("defaults", None),
    ("{url}/alice/other", None), ("nobody-here", None), ("alice/../bob", None), ("{url}", None)])
def test_channels_of_this_server_are_known(put, alice, server, tools, channel, login):
    path = put(f"channels: ['{channel.format(url=server.url)}']\ndependencies: [tool]\n")
    told = view(alice, path)
    assert told["channels"][0].get("account") == login
    label = told["channels"][0].get("label")
    assert label == (None if not login else "dev" if "Dev" in channel else "main")
    state = told["entries"][0]["here"]["state"]
    assert state == ("present" if login else "elsewhere")


def test_channels_are_asked_in_their_order(put, alice, server, token, tools, tmp_path):
    bob = server.client(token=token("bob"))
    made = packages.make(tmp_path / "b", packages.index_of("tool", version="0.1"), {})
    Upload(bob, "bob", packages.describe(made)).run()
    path = put("channels: [bob, conda-forge, alice]\ndependencies: [tool, tool >1, nothing]\n")
    assert [(it["state"], it.get("owner"), it.get("version")) for it in here(alice, path)] == [
        ("present", "bob", "0.1"), ("present", "alice", "2.0"), ("elsewhere", None, None)]


def test_who_may_not_see_a_package_is_told_what_is_told_of_none(put, alice, server, token, account,
                                                                tools):
    path = put("channels: [alice]\ndependencies: [hidden, nothing]\n")
    assert [it["state"] for it in here(alice, path)] == ["hidden", "absent"]
    limited = account("alice").token("limited", limits={"packages": ["alice/tool"]})
    for other in (server.client(), server.client(token=token("bob")), server.client(token=limited)):
        assert here(other, path) == [{"state": "absent"}, {"state": "absent"}]
    lock = put(f"@EXPLICIT\n{server.url}/conda/alice/noarch/hidden-1.0-0.conda\n", version="2")
    assert here(alice, lock)[0]["state"] == "hidden"
    assert here(server.client(), lock) == [{"state": "absent"}]


@pytest.mark.parametrize("of_all, of_it, state", [
    ("public", "public", "present"), ("public", "authenticated", "hidden"),
    ("public", "private", "hidden"), ("authenticated", "authenticated", "present"),
    ("authenticated", "private", "hidden"), ("private", "private", "present")])
def test_hidden_from_others(put, alice, server, token, tools, tmp_path, of_all, of_it, state):
    """That it is, is told to those who see it. of_all: who sees the environment, of_it: the package.
    Locked, by conda and by pip alike."""
    name = f"shy-{of_all}-{of_it}"
    shy = packages.describe(packages.make_tiny(tmp_path, name))
    Upload(alice, "alice", shy).run()
    basename, data = pypi.wheel(f"{name}-py", "1.0")
    Upload(alice, "alice", Plain(f"{name}-py", "1.0", basename), data=data, kind="pypi").run()
    path = put(f"channels: [alice]\ndependencies: [{name}, tool, pip: [{name}-py]]\n")
    lock = put(f"@EXPLICIT\n{server.url}/conda/alice/{shy.basename}\n", version="2")
    for package, access in ((path.split("/")[2], of_all), (name, of_it), (f"{name}-py", of_it)):
        alice.request("PUT", f"/api/v1/packages/alice/{package}/access",
                      json_body={"access": access}).expect(204)
    found = here(alice, path)
    assert [it["state"] for it in found] == [state, "present", state]
    assert (found[0]["owner"], found[0]["package"], found[0]["version"]) == ("alice", name, "1.0")
    assert [it["state"] for it in here(alice, lock)] == [state]
    if (of_all, of_it) == ("public", "private"):    # to whom it is hidden it is what is not there
        absent = put(f"channels: [alice]\ndependencies: [{name}-no, tool, pip: [{name}-no]]\n",
                     version="3")
        for caller in (server.client(), server.client(token=token("bob"))):
            assert here(caller, path) == here(caller, absent)


def test_what_a_later_channel_has_for_all_is_present(put, alice, server, token, tools, tmp_path):
    bob = server.client(token=token("bob"))
    made = packages.make(tmp_path / "b", packages.index_of("hidden", version="0.9"), {})
    Upload(bob, "bob", packages.describe(made)).run()
    path = put("channels: [alice, bob]\ndependencies: [hidden, hidden >=1]\n")
    assert [(it["state"], it["owner"], it["version"]) for it in here(alice, path)] == [
        ("present", "alice", "1.0"), ("hidden", "alice", "1.0")]
    assert [(it["state"], it.get("owner")) for it in here(bob, path)] == [
        ("present", "bob"), ("absent", None)]


def test_locked_packages_are_compared_by_their_bytes(put, alice, server, publish, tiny):
    file = tiny("locked")
    publish("alice", file)
    md5, sha256 = (hashlib.new(it, file.read_bytes()).hexdigest() for it in ("md5", "sha256"))
    url = f"{server.url}/conda/alice/noarch/locked-1.0-0.conda"
    path = put(f"# platform: linux-64\n@EXPLICIT\n{url}#{md5}\n{url}#sha256:{sha256}\n{url}\n"
               f"{url}#{'0' * 32}\n{url.replace('1.0', '1.1')}\n"
               "https://conda.anaconda.org/conda-forge/noarch/locked-1.0-0.conda\n",
               basename="linux-64.lock")
    found = {"state": "present", "owner": "alice", "package": "locked", "version": "1.0",
             "platforms": ["noarch"]}
    assert here(alice, path) == [found, found, found, {**found, "differs": True},
                                 {"state": "absent"}, {"state": "elsewhere"}]
    assert view(alice, path)["platforms"] == ["linux-64"]


def test_requirements_of_pip_are_looked_for_among_projects(put, alice, server, token):
    for version in ("1.0", "1.5", "2.0rc1"):
        basename, data = pypi.wheel("My.Lib", version)
        Upload(alice, "alice", Plain("My.Lib", version, basename), data=data, kind="pypi").run()
    path = put("dependencies:\n- pip:\n  - my_lib\n  - My-Lib[x]<1.5 ; python_version > '3'\n"
               "  - my.lib>=2.0rc1\n  - my-lib==3\n  - my-lib @ https://h/my_lib-1.whl\n"
               "  - -e .\n  - my-lib==1.0 --hash=sha256:00\n")
    found = {"state": "present", "owner": "alice", "package": "My.Lib"}
    assert here(alice, path) == [
        {**found, "version": "1.5"}, {**found, "version": "1.0"}, {**found, "version": "2.0rc1"},
        {"state": "elsewhere"}, {"state": "elsewhere"}, {"state": "elsewhere"},
        {**found, "version": "1.0"}]
    bob = server.client(token=token("bob"))     # another's file does not look among alice's projects
    foreign = put("dependencies: [{pip: [my-lib]}]\n", client=bob, owner="bob")
    assert here(alice, foreign) == [{"state": "elsewhere"}]
    named = put("channels: [alice]\ndependencies: [{pip: [my-lib]}]\n", client=bob, owner="bob",
                version="2")
    assert here(bob, named) == [{**found, "version": "1.5"}]
    alice.request("PUT", "/api/v1/packages/alice/my.lib/access",
                  json_body={"access": "private"}).expect(204)
    assert here(bob, named) == [{"state": "elsewhere"}]


def test_its_address_is_one_that_conda_takes(put, alice, server, token):
    """conda: an address with the right end, whose text it reads; tokens stand in the path."""
    text = "name: lab\ndependencies: [python]\n"
    path = put(text)
    url = view(alice, path)["url"].removeprefix(server.url)
    assert url.endswith("/environment.yml")
    anonymous = server.client()
    assert anonymous.get(url).expect(200).body.decode() == text
    package = path.split("/")[2]
    alice.request("PUT", f"/api/v1/packages/alice/{package}/access",
                  json_body={"access": "private"}).expect(204)
    anonymous.get(url).expect(404)
    mine, other = token("alice"), token("bob")
    for tail in ("", "/linux-64", "/noarch"):    # conda takes the address for a channel's
        assert anonymous.get(f"/t/{mine}{url}{tail}").expect(200).body.decode() == text
        anonymous.get(f"/t/{other}{url}{tail}").expect(404)
    anonymous.get(f"/t/{mine}{url}/elsewhere").expect(404)
    alice.get(url + "/linux-64").expect(404)
    anonymous.get(f"/t/tr-{'A' * 46}{url}").expect(401)
    anonymous.get(f"/t/{mine}/api/user").expect(401)    # which takes no token in its path


@pytest.mark.parametrize("basename, text, error", [
    ("environment.yml", "", "it is empty"),
    ("environment.yml", "dependencies:\n- numpy\n- <b>\n", 'line 3: match spec "<b>"'),
    ("environment.yml", "a: &a [*a]\n", 'line 1: the alias "*a" has no anchor'),
    ("conda-lock.yml", "version: 2\nmetadata: {}\npackage: []\n", 'version "2"; 1 is known'),
    ("pixi.lock", "version: 6\npackages: []\n", 'line 1: "environments" is missing'),
    ("spec.txt", "@EXPLICIT\nnumpy\n", 'line 2: "numpy" is no conda package'),
], ids=["empty", "spec", "alias", "lock", "pixi", "explicit"])
def test_what_is_none_is_refused_with_the_line(put, basename, text, error):
    with pytest.raises(Refused) as refusal:
        put(text, basename=basename)
    assert refusal.value.step == "commit" and refusal.value.answer.status == 400
    assert error in refusal.value.answer.error


def test_other_files_are_no_environments(alice):
    Upload(alice, "alice", Plain("noenv", "1", "environment.yml"), data=b"x", kind="file").run()
    answer = alice.get("/api/v1/environments/alice/noenv/1/environment.yml").expect(404)
    assert answer.error == '"environment.yml" is a file of type "file", not an environment'


def hostile():
    folder = packages.data_folder()
    return sorted((folder / "hostile" / "made" / "envs").glob("*/environment.yml")) if folder else []


ACCEPTED = {"env-url-channel", "env-pip-url"}


@pytest.mark.parametrize("file", hostile(), ids=lambda file: file.parent.name)
def test_hostile_environments_are_refused_or_inert(put, alice, file):
    case = file.parent.name
    if case not in ACCEPTED:
        with pytest.raises(Refused) as refusal:
            put(file.read_bytes())
        assert refusal.value.answer.status == (413 if case == "yaml-bomb" else 400)
        assert refusal.value.answer.error
        return
    told = view(alice, put(file.read_bytes()))
    assert all(entry["here"] == {"state": "elsewhere"} for entry in told["entries"])
    assert "pw" not in str(told) and "tk-secret" not in str(told)


def real(*names):
    folder = packages.data_folder()
    if not folder:
        return []
    return [folder / "envs" / name for name in names]


@pytest.mark.parametrize("file, count", list(zip(real(
    "anaconda-client/autotest/data/test_env.yml", "pangeo/ml-notebook/conda-linux-64.lock",
    "conda-lock/tests/test-environment-blas-mkl/conda-lock.yml", "mamba/dev/environment-dev.yml",
    "conda-lockfiles/tests/data/pixi-metadata/pixi.lock", "conda/env/support/requirements.txt"),
    (100, 882, 109, 51, 4, 1))), ids=lambda it: getattr(it, "name", it))
def test_real_files_are_read(put, alice, file, count):
    told = view(alice, put(file.read_bytes(), basename=file.name))
    assert len(told["entries"]) == told["conda"] + told["pip"] == count
    assert {entry["here"]["state"] for entry in told["entries"]} == {"elsewhere"}
