"""Profiles of users and organizations, and how both end."""
import itertools

import pytest

from support import channel, packages, secrets
from support.publish import Refused, Upload
from support.wait import until

NUMBERS = itertools.count()


@pytest.fixture
def person(account):
    """person(): a new user."""
    return lambda **how: account(f"user{next(NUMBERS)}", **how)


def found(owner, **more):
    """A new organization of a user's."""
    login = f"org{next(NUMBERS)}"
    owner.by_token(f"t{next(NUMBERS)}").post(
        "/api/v1/organizations", {"login": login, **more}).expect(201)
    return login


def change(client, login, /, **fields):
    return client.request("PATCH", f"/api/v1/accounts/{login}", json_body=fields)


def remove(client, kind, login, **body):
    return client.request("DELETE", f"/api/v1/{kind}/{login}", json_body=body)


def publish(account, owner, path, labels=()):
    upload = Upload(account.by_token(f"t{next(NUMBERS)}"), owner, packages.describe(path),
                    list(labels))
    upload.run()
    return upload


def is_stored(server, sha256):
    if server.place.prefix:
        return server.place.key_of(sha256) in server.place.keys()
    return any(server.data.rglob(sha256))


# --- addresses ----------------------------------------------------------------------------------


def test_an_organization_may_have_anybody_s_address(person, server):
    alice = person()
    for _ in range(2):
        found(alice, email=alice.email)
    found(alice, email="team@example.org")
    found(alice, email="Team@example.org")
    password = secrets.password()
    server.client().post("/api/v1/accounts", {
        "login": f"user{next(NUMBERS)}", "email": "team@example.org", "password": password,
        "password_again": password, "accept_terms": True}).expect(201)
    # Signing in by an address finds the user who has it.
    signed_in = server.client().post("/api/v1/session", {
        "login": alice.email, "password": alice.password}).expect(200)
    assert signed_in.json()["login"] == alice.login
    answer = server.client().post("/api/v1/accounts", {
        "login": f"user{next(NUMBERS)}", "email": alice.email.upper(), "password": password,
        "password_again": password, "accept_terms": True}).expect(422)
    assert [it["field"] for it in answer.json()["errors"]] == ["email"]


# --- profiles -----------------------------------------------------------------------------------


def test_a_profile_is_changed_and_shown(person, server):
    alice, anybody = person(), server.client()
    client = alice.by_token()
    profile = {"name": "Alice Ä", "company": "Acme", "location": "Berlin",
               "url": "https://alice.example/about?x=1#top", "description": "One.\nTwo."}
    shown = change(client, alice.login, **profile).expect(200).json()
    assert {key: shown[key] for key in profile} == profile
    assert "package_creators" not in shown
    for path in (f"/api/user/{alice.login}", f"/api/v1/accounts/{alice.login}"):
        shown = anybody.get(path).expect(200).json()
        assert set(shown) == {"login", "user_type", "created_at", *profile}
        assert {key: shown[key] for key in profile} == profile
        assert (shown["login"], shown["user_type"]) == (alice.login, "user")
    # What is not named stays; null clears.
    shown = change(client, alice.login, name="Alice", url=None).expect(200).json()
    assert {key: shown[key] for key in profile} == {**profile, "name": "Alice", "url": ""}
    assert change(client, alice.login).expect(200).json() == shown
    anybody.get("/api/v1/accounts/nobody").expect(404)


@pytest.mark.parametrize("field, value", [
    ("nickname", "x"), ("login", "x"), ("superuser", "1"), ("email", "x@example.org"),
    ("package_creators", "members"), ("", "x"),
    ("name", "x" * 201), ("name", "a\nb"), ("name", 1), ("name", ["x"]), ("company", "x" * 201),
    ("location", "a\u0007b"), ("description", "x" * 4001),
    ("description", "a\u001bb"),
    ("url", "x"), ("url", "javascript:alert(1)"), ("url", "http:"), ("url", "http://"),
    ("url", "https:///path"), ("url", "ftp://example.org"), ("url", "https://a b"),
    ("url", "https://example.org@evil.example"), ("url", "https://a.example/\"onclick=x"),
    ("url", "https://a.example/" + "x" * 500)])
def test_a_refused_field_is_named_and_nothing_changed(person, server, field, value):
    alice = person()
    answer = change(alice.by_token(), alice.login, **{"company": "Acme", field: value}).expect(422)
    assert answer.json()["field"] == field and answer.error
    shown = server.client().get(f"/api/v1/accounts/{alice.login}").json()
    assert (shown["company"], shown["name"], shown["url"]) == ("", "", "")


def test_owners_change_the_profile_of_their_organization(person, server):
    alice, bob = person(), person()
    acme = found(alice)
    shown = change(alice.by_token(), acme, name="Acme Inc.", package_creators="members"
                   ).expect(200).json()
    assert (shown["name"], shown["package_creators"]) == ("Acme Inc.", "members")
    assert server.client().get(f"/api/user/{acme}").json()["name"] == "Acme Inc."
    for value in ("all", None, ""):
        answer = change(alice.by_token(), acme, package_creators=value).expect(422)
        assert answer.json()["field"] == "package_creators"
    change(bob.by_token(), acme, name="Mine").expect(403)
    change(bob.by_token(), alice.login, name="Mine").expect(403)


# --- deleting an organization -------------------------------------------------------------------


def test_only_owners_who_prove_it_delete_an_organization(person, server):
    alice, bob = person(), person()
    acme = found(alice)
    client = alice.by_session()
    proof = {"name": acme, "password": alice.password}
    remove(alice.by_token(), "organizations", acme, **proof).expect(401)
    remove(server.client(), "organizations", acme, **proof).expect(401)
    remove(bob.by_session(), "organizations", acme, name=acme, password=bob.password).expect(403)
    for name in ("", acme.upper(), acme[:-1], alice.login):
        answer = remove(client, "organizations", acme, **{**proof, "name": name}).expect(422)
        assert answer.json()["field"] == "name"
    remove(client, "organizations", acme, name=acme).expect(422)
    for password in ("", "wrong", bob.password):
        remove(client, "organizations", acme, **{**proof, "password": password}).expect(403)
    remove(client, "organizations", alice.login, name=alice.login, password=alice.password
           ).expect(404)
    remove(client, "accounts", acme, **proof).expect(403)
    server.client().get(f"/api/user/{acme}").expect(200)
    remove(client, "organizations", acme, **proof).expect(204)
    server.client().get(f"/api/user/{acme}").expect(404)
    remove(client, "organizations", acme, **proof).expect(403)


def test_a_deleted_organization_is_gone_from_everywhere(person, server, tiny):
    alice, bob, anybody = person(), person(), server.client()
    acme, token = found(alice), alice.by_token("own")
    ours, shared = tiny("ours"), tiny("shared")
    for path in (ours, shared):
        publish(alice, acme, path, labels=["main", "dev"])
    publish(alice, alice.login, shared)
    made = alice.by_session().post("/api/authentications", {"note": "ci", "user": acme}).expect(200)
    robot = server.client(token=secrets.remember(made.json()["token"]))
    robot.get("/api/user").expect(200)
    for name in ("owners", "devs"):
        token.post(f"/api/group/{acme}/{name}", {"perms": "admin" if name == "owners" else "read"}
                   ).expect(204)
        token.request("PUT", f"/api/group/{acme}/{name}/members/{bob.login}").expect(204)
    token.request("PUT", f"/api/packages/{acme}/ours/collaborators/{bob.login}").expect(201)
    urls = [f"/conda/{acme}/noarch/{ours.name}", f"/conda/{acme}/noarch/repodata.json",
            f"/conda/{acme}/channeldata.json", f"/conda/{acme}/label/dev/noarch/repodata.json",
            f"/api/package/{acme}/ours", f"/api/packages/{acme}", f"/api/user/{acme}",
            f"/api/channels/{acme}"]
    for url in urls:
        anybody.get(url).expect(200)
    assert is_stored(server, packages.sha256_of(ours))
    remove(alice.by_session(), "organizations", acme, name=acme, password=alice.password
           ).expect(204)
    for url in urls:
        anybody.get(url).expect(404)
    robot.get("/api/user").expect(401)
    assert [it for it in bob.by_token().get("/api/groups").json()["groups"]
            if it["organization"] == acme] == []
    assert not is_stored(server, packages.sha256_of(ours))
    body = anybody.get(f"/conda/{alice.login}/noarch/{shared.name}").expect(200).body
    assert body == shared.read_bytes()
    server.command("verify")


def test_uploads_under_way_end_with_their_organization(person, server, tiny):
    alice = person()
    acme, token = found(alice), alice.by_token("own")
    sent = Upload(token, acme, packages.describe(tiny("sent")))
    staged = Upload(token, acme, packages.describe(tiny("staged")))
    for upload in (sent, staged):
        upload.register()
        upload.stage()
    sent.send()
    assert is_stored(server, packages.sha256_of(sent.package.path))
    remove(alice.by_session(), "organizations", acme, name=acme, password=alice.password
           ).expect(204)
    assert not is_stored(server, packages.sha256_of(sent.package.path))
    for step in (sent.commit, staged.send):
        with pytest.raises(Refused) as why:
            step()
        assert why.value.answer.status in (403, 404)
    server.command("verify")


def test_the_login_of_a_deleted_organization_stays_reserved(person, server, tiny):
    alice, mallory = person(), person()
    acme = found(alice)
    publish(alice, acme, tiny("tool"))
    remove(alice.by_session(), "organizations", acme, name=acme, password=alice.password
           ).expect(204)
    for client in (mallory.by_token(), alice.by_token()):
        answer = client.post("/api/v1/organizations", {"login": acme.upper()}).expect(422)
        assert answer.json()["field"] == "login" and "stays reserved" in answer.error
    password = secrets.password()
    form = {"login": acme, "email": f"{acme}@example.org", "password": password,
            "password_again": password, "accept_terms": True}
    answer = server.client().post("/api/v1/accounts", form).expect(422)
    assert [it["field"] for it in answer.json()["errors"]] == ["login"]
    done = server.command("admin", "login", "free", acme)
    assert done.stdout == f"may be had again: {acme}\n"
    done = server.command("admin", "login", "free", acme, check=False)
    assert done.returncode == 1 and "no deleted account" in done.stderr
    server.client().post("/api/v1/accounts", form).expect(201)
    assert channel.listed(server.client(), f"/conda/{acme}", "noarch") == {}


# --- deleting a user ----------------------------------------------------------------------------


def test_a_user_deletes_himself(person, server, tiny):
    alice, bob, anybody = person(), person(), server.client()
    acme, token = found(alice), alice.by_token("own")
    token.request("PUT", f"/api/group/{acme}/owners/members/{bob.login}").expect(204)
    left = publish(bob, acme, tiny("left"))
    gone = publish(bob, bob.login, tiny("gone"))
    client, api = bob.by_session(), bob.by_token("api")
    remove(api, "accounts", bob.login, name=bob.login, password=bob.password).expect(401)
    remove(client, "accounts", bob.login, name=bob.login, password=alice.password).expect(403)
    remove(client, "accounts", bob.login, name="bob", password=bob.password).expect(422)
    remove(client, "accounts", alice.login, name=alice.login, password=bob.password).expect(403)
    answer = remove(client, "accounts", bob.login, name=bob.login, password=bob.password)
    assert "Max-Age=0" in answer.expect(204).header("Set-Cookie")
    client.get("/api/user").expect(401)
    api.get("/api/user").expect(401)
    anybody.get(f"/conda/{bob.login}/noarch/repodata.json").expect(404)
    assert not is_stored(server, packages.sha256_of(gone.package.path))
    anybody.get(f"/conda/{acme}/noarch/{left.package.filename}").expect(200)
    members = token.get(f"/api/v1/organizations/{acme}/members").json()
    assert [it["login"] for it in members] == [alice.login]
    server.client().post("/api/v1/session", {"login": bob.login, "password": bob.password}
                         ).expect(401)
    password = secrets.password()
    answer = server.client().post("/api/v1/accounts", {
        "login": bob.login, "email": bob.email, "password": password,
        "password_again": password, "accept_terms": True}).expect(422)
    assert [it["field"] for it in answer.json()["errors"]] == ["login"]  # the address is free
    server.command("verify")


def test_last_owners_and_the_last_administrator_stay(person, server):
    alice, boss = person(), person(superuser=True)
    first, second = sorted((found(alice), found(alice)))
    answer = remove(alice.by_session(), "accounts", alice.login, name=alice.login,
                    password=alice.password).expect(409)
    assert f'the last owner of "{first}", "{second}"' in answer.error
    answer = remove(boss.by_session(), "accounts", boss.login, name=boss.login,
                    password=boss.password).expect(409)
    assert "is the last administrator" in answer.error
    # Nor does an administrator delete others here.
    remove(boss.by_session(), "accounts", alice.login, name=alice.login, password=boss.password
           ).expect(403)
    for login in (first, second):  # but organizations
        remove(boss.by_session(), "organizations", login, name=login, password=boss.password
               ).expect(204)
    remove(alice.by_session(), "accounts", alice.login, name=alice.login,
           password=alice.password).expect(204)


# --- the command --------------------------------------------------------------------------------


def test_the_command_deletes_what_is_named_twice(person, server, tiny):
    alice, anybody = person(), server.client()
    acme = found(alice)
    publish(alice, acme, tiny("tool"))
    for words in (["admin", "org", "delete", acme], ["admin", "org", "delete", acme, "--yes", "x"],
                  ["admin", "user", "delete", alice.login, "--yes", acme]):
        assert server.command(*words, check=False).returncode == 2, words
    for words, says in ((["admin", "user", "delete", acme, "--yes", acme], "not a user"),
                        (["admin", "org", "delete", alice.login, "--yes", alice.login],
                         "not an organization"),
                        (["admin", "user", "delete", alice.login, "--yes", alice.login],
                         "the last owner")):
        done = server.command(*words, check=False)
        assert done.returncode == 1 and says in done.stderr, (words, done.stderr)
    anybody.get(f"/conda/{acme}/noarch/repodata.json").expect(200)
    done = server.command("admin", "org", "delete", acme, "--yes", acme)
    assert done.stdout == f"deleted organization {acme}\n"
    server.command("admin", "user", "delete", alice.login, "--yes", alice.login)
    server.command("verify")
    until(lambda: anybody.get(f"/conda/{acme}/noarch/repodata.json").status == 404,
          what="the end of a channel")
