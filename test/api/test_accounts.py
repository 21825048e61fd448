"""Signing up, in and out over /api/v1."""
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import cookie_of
from support import secrets


def form(login, **changes):
    password = secrets.password()
    return {"login": login, "email": f"{login}@example.org", "password": password,
            "password_again": password, "accept_terms": True, **changes}


def sign_up(client, body, status=201):
    return client.post("/api/v1/accounts", body).expect(status)


def refused_fields(client, body):
    answer = sign_up(client, body, 422)
    assert answer.header("Content-Type").startswith("application/problem+json")
    assert isinstance(answer.error, str) and isinstance(answer.detail, str)
    errors = answer.json()["errors"]
    assert all(isinstance(error["detail"], str) and error["detail"] for error in errors)
    assert len({error["field"] for error in errors}) == len(errors), "a field is told twice"
    return {error["field"]: error["detail"] for error in errors}


def unused(value):
    """A login that belongs to one case alone: one wrongly accepted spoils no other."""
    return "u" + hashlib.sha256(value.encode()).hexdigest()[:20]


def session_cookie(answer):
    cookie, = answer.headers.get_all("Set-Cookie")
    return cookie


# --- signing up -------------------------------------------------------------------------------


def test_one_request_signs_up_and_in(server, anonymous):
    answer = sign_up(anonymous, form("carol"))
    assert answer.json()["login"] == "carol"
    cookie = session_cookie(answer)
    attributes = [part.strip().lower() for part in cookie.split(";")[1:]]
    assert "httponly" in attributes and "samesite=lax" in attributes and "path=/" in attributes
    session = server.client(cookie=secrets.remember(cookie_of(answer)))
    me = session.get("/api/v1/session").expect(200).json()
    assert me["login"] == "carol" and me["superuser"] is False
    assert server.client().get("/api/user/carol").expect(200).json()["login"] == "carol"


def test_a_login_is_folded_to_lower_case(anonymous):
    assert sign_up(anonymous, form("Dora")).json()["login"] == "dora"
    assert "login" in refused_fields(anonymous, form("dORA", email="other@example.org"))


def test_a_new_account_has_channels_at_once(anonymous):
    sign_up(anonymous, form("fresh"))
    for subdir in ("noarch", "linux-64", "osx-arm64", "win-64"):
        anonymous.get(f"/conda/fresh/{subdir}/repodata.json").expect(200)
        anonymous.get(f"/conda/fresh/{subdir}/repodata_shards.msgpack.zst").expect(200)


@pytest.mark.parametrize("login", [
    "", "a", "a" * 65, "-abc", ".abc", "_abc", "a b", "a/b", "a\\b", "ä", "a%62",
    "../x",
    "a\nb", "t", "label", "noarch", "linux-64", "api", "conda", "user", "users", "package",
    "packages", "release", "dist", "stage", "commit", "download", "channels", "copy", "group",
    "groups", "search", "scopes", "authentication", "authentications", "authentication-type",
    "apps", "license", "package_listing", "orgs", "notices", "org", "setup", "healthz", "readyz"])
def test_malformed_and_reserved_logins_are_refused(anonymous, login):
    assert list(refused_fields(anonymous, form(login, email="free@example.org"))) == ["login"]


@pytest.mark.parametrize("email", [
    "", "x", "x@", "@example.org", "a b@example.org", "a@b@example.org", "a@example.org\nBcc: x",
    "a" * 300 + "@example.org", "a@-", "a@example..org", "<a@example.org>"])
def test_malformed_addresses_are_refused(anonymous, email):
    assert list(refused_fields(anonymous, form(unused(email), email=email))) == ["email"]


@pytest.mark.parametrize("password", ["", "short", "1234567", "password", "freelogin", "a" * 12,
                                      "123456789", "a" * 1025])
def test_weak_passwords_are_refused(anonymous, password):
    refused = refused_fields(anonymous, form("freelogin", password=password,
                                             password_again=password))
    assert list(refused) == ["password"]


def test_passwords_of_all_scripts_are_fine(server, anonymous):
    password = secrets.remember("пароль:с двоеточием ☃ " + secrets.password())
    sign_up(anonymous, form("script", password=password, password_again=password))
    server.client().post("/api/v1/session", {"login": "script", "password": password}).expect(200)
    answer = server.client(basic=("script", password)).post("/api/authentications", {"note": "x"})
    secrets.remember(answer.expect(200).json()["token"])


def test_unequal_passwords_and_missing_terms_are_refused(anonymous):
    refused = refused_fields(anonymous, form("freelogin", password_again="another-Password-1"))
    assert list(refused) == ["password_again"]
    assert list(refused_fields(anonymous, form("freelogin", accept_terms=False))) == [
        "accept_terms"]
    for accept in ("yes", 1, []):
        anonymous.post("/api/v1/accounts", form("freelogin", accept_terms=accept)).expect(400, 422)


def test_taken_logins_and_addresses_are_refused(anonymous):
    sign_up(anonymous, form("taken", email="Taken@example.org"))
    refused = refused_fields(anonymous, form("taken", email="taken@EXAMPLE.org"))
    assert list(refused) == ["login", "email"]
    weak = refused_fields(anonymous, form("taken", email="free@example.org", password="short",
                                          password_again="short"))
    assert list(weak) == ["login", "password"], "in the order of the form"


def test_every_refused_field_is_told_at_once(anonymous):
    refused = refused_fields(anonymous, {"login": "a b", "email": "x", "password": "x",
                                         "password_again": "y", "accept_terms": False})
    assert list(refused) == ["login", "email", "password", "password_again", "accept_terms"]
    assert set(refused_fields(anonymous, {})) >= {"login", "email", "password", "accept_terms"}


def test_wrong_types_are_refused(anonymous):
    for body in ({"login": 5}, {"login": ["x"]}, {"login": None}, {"login": "a\0b"}):
        answer = anonymous.post("/api/v1/accounts", {**form("types"), **body})
        answer.expect(400, 422)
    anonymous.post("/api/v1/accounts", []).expect(400, 422)


def test_nobody_becomes_superuser_by_asking(server, anonymous):
    body = form("greedy", superuser=True, admin=True, is_admin=True, kind="org", id=1)
    answer = sign_up(anonymous, body)
    client = server.client(cookie=secrets.remember(cookie_of(answer)))
    assert client.get("/api/v1/session").json()["superuser"] is False


def test_the_password_never_comes_back(anonymous):
    body = form("secretive")
    assert body["password"] not in sign_up(anonymous, body).text
    weak = form("secretive2", password="short-x", password_again="other-y")
    answer = sign_up(anonymous, weak, 422)
    assert "short-x" not in answer.text and "other-y" not in answer.text


def test_closed_registration_is_403(new_server):
    it = new_server(options=["--registration", "closed"]).start()
    answer = it.client().post("/api/v1/accounts", form("late")).expect(403)
    assert "closed" in answer.error
    it.client().get("/api/user/late").expect(404)


def test_one_login_goes_to_one_of_many(server):
    """Concurrent requests for the same name: one wins, the others are refused at the field."""
    bodies = [form("race", email=f"race{i}@example.org") for i in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(
            lambda body: server.client().post("/api/v1/accounts", body), bodies))
    assert sorted(answer.status for answer in answers) == [201, 422, 422, 422, 422, 422]


# --- signing in and out -----------------------------------------------------------------------


def test_sign_in_by_login_or_address(server, account):
    alice = account("alice")
    for login in ("alice", "ALICE", alice.email, alice.email.upper()):
        answer = server.client().post("/api/v1/session",
                                      {"login": login, "password": alice.password}).expect(200)
        cookie = secrets.remember(cookie_of(answer))
        attributes = session_cookie(answer).lower()
        assert "httponly" in attributes and "samesite=lax" in attributes
        me = server.client(cookie=cookie).get("/api/v1/session").expect(200).json()
        assert me["login"] == "alice"


def test_wrong_passwords_and_unknown_accounts_are_told_the_same(server, account):
    alice = account("alice")
    wrong = server.client().post("/api/v1/session", {"login": "alice", "password": "wrong-pass"})
    absent = server.client().post("/api/v1/session", {"login": "nobody", "password": "wrong-pass"})
    assert wrong.expect(401).error == absent.expect(401).error
    assert "Set-Cookie" not in wrong.headers
    swapped = server.client().post("/api/v1/session", {"login": "alice", "password": ""})
    swapped.expect(401, 422)
    assert alice.password not in wrong.text


def test_without_a_session_nobody_is_known(anonymous, server):
    anonymous.get("/api/v1/session").expect(401)
    for cookie in ("x", "", "a" * 5000, "%00"):
        server.client(cookie=cookie).get("/api/v1/session").expect(401)


def test_signing_out_ends_the_session_and_only_that(server, account):
    alice = account("alice")
    one, two = alice.session(), alice.session()
    assert one != two
    answer = server.client(cookie=one).delete("/api/v1/session").expect(204)
    assert answer.body == b""
    server.client(cookie=one).get("/api/v1/session").expect(401)
    server.client(cookie=one).get("/api/user").expect(401)
    server.client(cookie=two).get("/api/v1/session").expect(200)


def test_signing_out_drops_the_cookie(server, account):
    answer = server.client(cookie=account("alice").session()).delete("/api/v1/session").expect(204)
    cookie = session_cookie(answer).lower()
    assert "max-age=0" in cookie or "expires=thu, 01 jan 1970" in cookie


def test_a_session_survives_a_restart(new_server):
    from conftest import make_account
    server = new_server().start()
    cookie = make_account(server, "alice").session()
    server.terminate()
    server.start()
    me = server.client(cookie=cookie).get("/api/v1/session").expect(200).json()
    assert me["login"] == "alice"


def test_a_new_password_ends_all_sessions(server, account):
    bob = account("bob")
    cookie = bob.session()
    bob.password = secrets.password()
    server.command("admin", "user", "reset-password", "bob", "--password-stdin",
                   stdin=bob.password + "\n")
    server.client(cookie=cookie).get("/api/v1/session").expect(401)
    bob.session()


def test_a_session_is_of_use_for_the_whole_api(server, account):
    client = server.client(cookie=account("alice").session())
    assert client.get("/api/user").expect(200).json()["login"] == "alice"


# --- requests that other sites make the browser send ------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1",
                                    "http://127.0.0.1.evil.example"])
def test_writes_by_cookie_from_a_foreign_origin_are_403(server, account, origin):
    cookie = account("alice").session()
    client = server.client(cookie=cookie)
    for method, path, body in (("DELETE", "/api/v1/session", None),
                               ("POST", "/api/authentications", {"note": "evil"}),
                               ("POST", "/api/package/alice/evil", {"public": True})):
        client.request(method, path, json_body=body, headers={"Origin": origin}).expect(403)
    client.get("/api/v1/session").expect(200)
    client.get("/api/package/alice/evil").expect(404)


def test_writes_by_cookie_from_the_own_origin_are_fine(server, account):
    client = server.client(cookie=account("alice").session())
    client.post("/api/package/alice/own", {"public": True, "public_attrs": {}},
                origin=server.url).expect(200)


def test_tokens_are_sent_by_no_browser_and_need_no_origin(server, account):
    alice = account("alice")
    client = server.client(token=alice.token())
    client.post("/api/package/alice/by-token", {"public": True, "public_attrs": {}},
                origin="https://ci.example").expect(200)
