"""The calls of anaconda-client about the server, tokens and users (login, whoami, auth)."""
import base64
import re
from datetime import datetime
from urllib.parse import quote

import pytest

from support import secrets
from support.wait import until

UNKNOWN = "tr-" + "A" * 46


def token_body(note, **changes):
    return {"scopes": None, "note": note, "note_url": "http://x/api", "hostname": "host",
            "user": None, "max-age": None, "strength": "strong", "fail-if-exists": True, **changes}


def create(client, note, status=200, **changes):
    answer = client.post("/api/authentications", token_body(note, **changes)).expect(status)
    if status == 200:
        secrets.remember(answer.json()["token"])
    return answer


# --- the probe --------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, UNKNOWN, "nonsense", ""])
def test_the_root_is_200_for_anybody(server, token):
    answer = server.client(token=token).head("/api", content_type="application/json").expect(200)
    assert answer.body == b""
    assert answer.header("X-Binstar-Api-Version") is None


def test_the_authentication_type_is_password(server):
    for client in (server.client(), server.client(token=UNKNOWN)):
        answer = client.get("/api/authentication-type").expect(200)
        assert answer.json() == {"authentication_type": "password"}


def test_scopes_are_public_and_plain(anonymous):
    scopes = anonymous.get("/api/scopes").expect(200).json()
    assert {"all", "conda:download", "api:read", "api:write"} <= set(scopes)
    assert all(isinstance(text, str) for text in scopes.values())


# --- making tokens ----------------------------------------------------------------------------


def test_a_token_has_the_alphabet_of_every_client(account):
    token = account("alice").token("alphabet")
    assert re.fullmatch(r"[A-Za-z0-9-]{30,}", token)


def test_a_token_knows_its_owner(server, account):
    client = server.client(token=account("alice").token("owner"))
    user = client.get("/api/user").expect(200).json()
    assert user["login"] == "alice" and user["user_type"] == "user"
    assert datetime.fromisoformat(user["created_at"]).tzinfo is not None


def test_bearer_and_basic_carry_tokens_too(server, account):
    token = account("alice").token("ways")
    for client in (server.client(token=token), server.client(bearer=token),
                   server.client(basic=(token, "")), server.client(basic=("alice", token))):
        assert client.get("/api/user").expect(200).json()["login"] == "alice"


def test_wrong_passwords_are_401(server, account):
    alice = account("alice")
    for basic in (("alice", "wrong"), ("nobody", alice.password), ("", ""), ("alice", "")):
        answer = create(server.client(basic=basic), "no", 401)
        assert isinstance(answer.error, str) and "\n" not in answer.error
    create(server.client(), "no", 401)
    create(server.client(token=UNKNOWN), "no", 401)


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YWxpY2U=", "token", "Bearer", "x",
                                    "Basic " + "A" * 9000, "Negotiate abc", "token a b"])
def test_odd_authorization_headers_are_401_or_nobody(server, header):
    answer = server.client().request("GET", "/api/user", headers={"Authorization": header})
    answer.expect(401, 400, 431)


def test_a_password_may_be_latin1_and_hold_colons(server, account):
    password = secrets.remember("pä:ss:wörd-é")
    server.command("admin", "user", "create", "latin", "--email", "latin@example.org",
                   "--password-stdin", stdin=password + "\n")
    for encoding in ("utf-8", "latin-1"):
        pair = base64.b64encode(b"latin:" + password.encode(encoding)).decode()
        answer = server.client().request(
            "POST", "/api/authentications", headers={"Authorization": "Basic " + pair},
            json_body=token_body("latin", **{"fail-if-exists": False}))
        secrets.remember(answer.expect(200).json()["token"])


def test_an_existing_name_is_400_while_fail_if_exists(server, account):
    client = account("alice").by_password()
    first = create(client, "twice").json()["token"]
    answer = create(client, "twice", 400)
    assert "twice" in answer.error
    server.client(token=first).get("/api/user").expect(200)
    second = create(client, "twice", **{"fail-if-exists": False}).json()["token"]
    server.client(token=first).get("/api/user").expect(401)
    server.client(token=second).get("/api/user").expect(200)


def test_400_means_only_that_the_name_exists(account):
    """anaconda-client asks its user to replace a token at any 400."""
    client = account("alice").by_password()
    for changes in ({"scopes": "all"}, {"scopes": ["nonsense"]}, {"max-age": "x"},
                    {"max-age": -5}, {"note": 5}, {"note": ""}, {"note": "a\nb"},
                    {"note": "a" * 5000}, {"scopes": [5]}):
        answer = client.post("/api/authentications", {**token_body("bad"), **changes})
        assert answer.expect(422).error


def test_old_and_unknown_keys_are_ignored(account):
    create(account("alice").by_password(), "old client", created_with=None, unknown=[1, {}])


def test_a_minimal_body_is_enough(account):
    answer = account("alice").by_password().post("/api/authentications", {"note": "minimal"})
    secrets.remember(answer.expect(200).json()["token"])


def test_no_token_for_other_owners(account):
    account("bob")
    create(account("alice").by_password(), "x", 403, user="bob")
    create(account("alice").by_password(), "own name", user="alice")


def test_a_token_dies_at_its_age(server, account):
    token = create(account("alice").by_password(), "short", **{"max-age": 1}).json()["token"]
    client = server.client(token=token)
    client.get("/api/user").expect(200)
    until(lambda: client.get("/api/user").status == 401, 10, "the token's end")


def test_a_tokens_right_ends_at_its_scopes(server, account, tiny, publish):
    publish("alice", tiny("scoped"))
    reader = server.client(token=create(account("alice").by_password(), "reader",
                                        scopes=["api:read"]).json()["token"])
    reader.get("/api/user").expect(200)
    reader.get("/api/package/alice/scoped").expect(200)
    reader.post("/api/package/alice/other", {"public": True}).expect(403)
    reader.delete("/api/package/alice/scoped").expect(403)
    reader.post("/api/authentications", token_body("grown")).expect(401, 403)
    channel_only = server.client(token=create(account("alice").by_password(), "channel",
                                              scopes=["conda:download"]).json()["token"])
    channel_only.get("/conda/alice/noarch/repodata.json").expect(200)
    channel_only.delete("/api/package/alice/scoped").expect(403)
    everything = server.client(token=create(account("alice").by_password(), "empty list",
                                            scopes=[]).json()["token"])
    everything.post("/api/package/alice/other", {"public": True}).expect(200)


# --- listing and ending tokens ----------------------------------------------------------------


def test_lists_tell_what_a_client_prints_and_no_secret(server, account):
    carol = account("carol")
    secret = create(carol.by_password(), "listed", scopes=["api:read"]).json()["token"]
    create(carol.by_password(), "second")
    answer = carol.by_session().get("/api/authentications").expect(200)
    found = {item["application"]: item for item in answer.json()}
    assert set(found) == {"listed", "second"}
    assert found["listed"]["scopes"] == ["api:read"]
    assert found["second"]["scopes"] in ([], None)
    assert found["listed"]["hostname"] == "host"
    for item in found.values():
        assert item["expires"] is None or datetime.fromisoformat(item["expires"]).tzinfo
        assert "id" in item
    assert secret not in answer.text
    assert account("alice").by_session().get("/api/authentications").json() != answer.json()


def test_a_token_tells_of_itself(server, account):
    client = server.client(token=create(account("alice").by_password(), "itself").json()["token"])
    me = client.get("/api/authentication").expect(200).json()
    assert me["application"] == "itself" and me["id"]
    server.client().get("/api/authentication").expect(401)
    server.client(token=UNKNOWN).get("/api/authentication").expect(401)


def test_logout_ends_the_token_at_once(server, account):
    client = server.client(token=create(account("alice").by_password(), "leaving").json()["token"])
    client.delete("/api/authentications").expect(201)
    client.get("/api/user").expect(401)
    client.delete("/api/authentications").expect(401)
    server.client().delete("/api/authentications").expect(401)
    server.client(token=UNKNOWN).delete("/api/authentications").expect(401)


@pytest.mark.parametrize("name", [
    "binstar_token:host", "binstar_client:user@host", "with blank", "with/slash", "a+b", "100%",
    "q?x#y", "ümläut", "--", "name/name"])
def test_a_token_is_removed_by_its_name(server, account, name):
    alice = account("alice")
    token = create(alice.by_password(), name).json()["token"]
    path = quote(name, safe="/!@:,=&$'()*;[]~+")
    alice.by_session().delete(f"/api/authentications/name/{path}").expect(201)
    server.client(token=token).get("/api/user").expect(401)
    alice.by_session().delete(f"/api/authentications/name/{path}").expect(404)


def test_nobody_removes_the_tokens_of_others(server, account):
    token = create(account("alice").by_password(), "mine").json()["token"]
    account("bob").by_session().delete("/api/authentications/name/mine").expect(404)
    server.client(token=token).get("/api/user").expect(200)


# --- users ------------------------------------------------------------------------------------


def test_anonymous_is_401_at_user(server):
    answer = server.client().get("/api/user").expect(401)
    assert answer.header("WWW-Authenticate")
    server.client(token=UNKNOWN).get("/api/user").expect(401)


def test_users_are_shown_to_everybody_without_private_facts(anonymous, account):
    alice = account("alice")
    answer = anonymous.get("/api/user/alice").expect(200)
    user = answer.json()
    assert user["login"] == "alice" and user["user_type"] == "user"
    assert datetime.fromisoformat(user["created_at"])
    assert alice.email not in answer.text and "password" not in answer.text
    own = alice.by_session().get("/api/user").expect(200)
    assert alice.email not in own.text, "anaconda-client prints all keys of whoami"
    anonymous.get("/api/user/nobody").expect(404)


def test_organizations_are_lists(anonymous, account):
    alice = account("alice")
    assert anonymous.get("/api/users/alice/orgs").expect(200).json() == []
    assert alice.by_session().get("/api/user/orgs").expect(200).json() == []
    anonymous.get("/api/users/nobody/orgs").expect(404)
    anonymous.get("/api/user/orgs").expect(401)


def test_a_stale_token_reads_public_things(server, account, publish, tiny):
    """A revoked token on a public page: told plainly, never taken for its owner."""
    publish("alice", tiny("public"))
    token = create(account("alice").by_password(), "stale").json()["token"]
    client = server.client(token=token)
    client.delete("/api/authentications").expect(201)
    assert client.get("/api/package/alice/public").status in (200, 401)
    client.post("/api/package/alice/new", {"public": True}).expect(401)
