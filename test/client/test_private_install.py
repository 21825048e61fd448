"""py-rattler installs what not everybody may see, with every kind of credentials that it has."""
import asyncio
import json

import pytest
import rattler

from support import packages
from support.publish import Upload

NAME = "secret"
SHARDS = pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])


@pytest.fixture(scope="module")
def vault(account, tmp_path_factory):
    """An organization with a private package, which needs an authenticated one, which needs a public
    one. The paths of the packages by name."""
    folder = tmp_path_factory.mktemp("vault")
    alice = account("alice").by_token()
    alice.post("/api/v1/organizations", {"login": "vault"}).expect(201)
    paths = {}
    for name, access, depends in (("open", "public", []), ("common", "authenticated", ["open"]),
                                  (NAME, "private", ["common"])):
        paths[name] = packages.make_tiny(folder, name, depends=depends)
        alice.post(f"/api/package/vault/{name}", {"access": access}).expect(200)
        Upload(alice, "vault", packages.describe(paths[name])).run()
    return paths


@pytest.fixture(scope="module")
def readers(vault, account):
    """login -> a token of somebody who was let in: to the whole, to one group's choice, to one
    package; and of one who was not."""
    alice = account("alice").by_token("of the readers")
    for group, member, more in (("all", "bob", {"all_packages": True}), ("some", "carol", {})):
        account(member)
        alice.post(f"/api/group/vault/{group}", {"perms": "read", **more}).expect(204)
        alice.request("PUT", f"/api/group/vault/{group}/members/{member}").expect(204)
    account("dave")
    alice.request("PUT", f"/api/group/vault/some/packages/{NAME}").expect(204)
    alice.request("PUT", f"/api/packages/vault/{NAME}/collaborators/dave",
                  json_body={"permission": "read"}).expect(201)
    return {login: account(login).token("rattler")
            for login in ("alice", "bob", "carol", "dave", "eve")}


def client_of(folder, monkeypatch, credentials):
    """A client that knows these credentials for the server, or none."""
    file = folder / "auth.json"
    file.write_text(json.dumps({"127.0.0.1": credentials} if credentials else {}))
    monkeypatch.setenv("RATTLER_AUTH_FILE", str(file))
    return rattler.Client([rattler.networking.AuthenticationMiddleware()])


def solve(client, url, specs, cache, shards):
    gateway = rattler.Gateway(cache_dir=cache, client=client,
                              default_config=rattler.SourceConfig(sharded_enabled=shards))
    return asyncio.run(rattler.solve([rattler.Channel(url)], specs, gateway=gateway,
                                     platforms=["linux-64", "noarch"], virtual_packages=[]))


def check_install(client, url, vault, folder, shards):
    records = solve(client, url, [NAME], folder / "cache", shards)
    assert {it.name.normalized for it in records} == set(vault)
    asyncio.run(rattler.install(records, folder / "prefix", cache_dir=folder / "pkgs",
                                show_progress=False, execute_link_scripts=False, client=client))
    for record in records:
        name = record.name.normalized
        assert record.sha256.hex() == packages.sha256_of(vault[name])
        text = (folder / f"prefix/share/{name}/hello.txt").read_text()
        assert text == f"{name} 1.0 0\n"


# How a client shows a token, given its owner's login.
KINDS = {"Bearer": lambda login, token: {"BearerToken": token},
         "path": lambda login, token: {"CondaToken": token},
         "Basic, as password": lambda login, token: {"BasicHTTP": {"username": login,
                                                                   "password": token}},
         "Basic, as user": lambda login, token: {"BasicHTTP": {"username": token,
                                                               "password": ""}}}


@SHARDS
@pytest.mark.parametrize("kind", KINDS)
def test_a_private_package_is_installed(server, vault, readers, tmp_path, monkeypatch, kind, shards):
    client = client_of(tmp_path, monkeypatch, KINDS[kind]("dave", readers["dave"]))
    check_install(client, f"{server.url}/conda/vault", vault, tmp_path, shards)


@SHARDS
@pytest.mark.parametrize("form", ["/t/{token}/conda/vault", "/conda/t/{token}/vault",
                                  "/t/{token}/vault"])
def test_by_a_token_in_the_address(server, vault, readers, tmp_path, form, shards):
    url = server.url + form.format(token=readers["carol"])
    check_install(rattler.Client(), url, vault, tmp_path, shards)


@SHARDS
@pytest.mark.parametrize("login", ["alice", "bob", "carol", "dave"])
def test_by_everybody_who_was_let_in(server, vault, readers, tmp_path, monkeypatch, login, shards):
    client = client_of(tmp_path, monkeypatch, {"BearerToken": readers[login]})
    check_install(client, f"{server.url}/conda/vault", vault, tmp_path, shards)


@SHARDS
def test_for_others_it_does_not_exist(server, vault, readers, tmp_path, monkeypatch, shards):
    """Whoever is signed in sees what is for those, anybody what is for all; and the words about the
    rest are those about nothing."""
    url = f"{server.url}/conda/vault"
    for who, credentials, seen in (("nobody", None, {"open"}),
                                   ("eve", {"BearerToken": readers["eve"]}, {"open", "common"})):
        (tmp_path / who).mkdir()
        client = client_of(tmp_path / who, monkeypatch, credentials)
        for name in vault:
            cache = tmp_path / who / "cache"
            if name in seen:
                solve(client, url, [name], cache, shards)
                continue
            with pytest.raises(Exception) as hidden:
                solve(client, url, [name], cache, shards)
            with pytest.raises(Exception) as absent:
                solve(client, url, ["absent"], cache, shards)
            assert str(hidden.value) == str(absent.value).replace("absent", name)
            assert name in str(hidden.value)
