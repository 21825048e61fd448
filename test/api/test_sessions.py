"""Sessions in browsers, as their owner sees and ends them."""
import re

from conftest import cookie_of
from support import secrets

TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ"


def sign_in(server, who, agent):
    answer = server.client().request("POST", "/api/v1/session", headers={"User-Agent": agent},
                                     json_body={"login": who.login, "password": who.password})
    return server.client(cookie=secrets.remember(cookie_of(answer.expect(200))))


def listed(client):
    return client.get("/api/v1/sessions").expect(200).json()


def test_sessions_are_listed_with_where_they_are(server, account):
    alice = account("alice")
    laptop, phone = sign_in(server, alice, "Laptop/1.0"), sign_in(server, alice, "Phone/2.0")
    found = listed(laptop)
    assert [set(it) for it in found] == [
        {"id", "created", "last_seen", "address", "agent", "current"}] * 2
    assert [(it["agent"], it["address"], it["current"]) for it in found] == [
        ("Phone/2.0", "127.0.0.1", False), ("Laptop/1.0", "127.0.0.1", True)]
    for it in found:
        assert re.fullmatch(TIME, it["created"]) and it["last_seen"] >= it["created"]
    assert [it["current"] for it in listed(phone)] == [True, False]
    assert [it["current"] for it in listed(alice.by_token("t"))] == [False, False]


def test_a_session_is_ended_at_once(server, account):
    bob = account("bob")
    here, lost = sign_in(server, bob, "here"), sign_in(server, bob, "lost")
    lost.get("/api/user").expect(200)
    number, = [it["id"] for it in listed(here) if it["agent"] == "lost"]
    here.delete(f"/api/v1/sessions/{number}").expect(204)
    lost.get("/api/user").expect(401)
    assert [it["agent"] for it in listed(here)] == ["here"]
    assert here.delete(f"/api/v1/sessions/{number}").expect(404).error == (
        f"you have no session {number}")


def test_the_session_at_hand_may_be_ended_too(server, account):
    client = sign_in(server, account("cleo"), "x")
    number, = [it["id"] for it in listed(client)]
    client.delete(f"/api/v1/sessions/{number}").expect(204)
    client.get("/api/v1/sessions").expect(401)


def test_another_ones_session_is_not_there(server, account):
    mine, hers = sign_in(server, account("dirk"), "x"), sign_in(server, account("erin"), "x")
    boss = sign_in(server, account("boss", superuser=True), "x")
    number, = [it["id"] for it in listed(hers)]
    for client in (mine, boss):
        client.delete(f"/api/v1/sessions/{number}").expect(404)
    for name in ("0", "x", "-1", "1.0", "99999999999999999999"):
        mine.delete(f"/api/v1/sessions/{name}").expect(404)
    hers.get("/api/user").expect(200)


def test_where_a_session_was_last_used_is_told(new_server):
    server = new_server(options=["--trusted-proxies", "127.0.0.1"]).start()
    server.command("admin", "user", "create", "boss", "--superuser", "--email", "b@example.org",
                   "--password-stdin", stdin="correct horse battery\n")
    answer = server.client().post("/api/v1/session",
                                  {"login": "boss", "password": "correct horse battery"})
    client = server.client(cookie=secrets.remember(cookie_of(answer.expect(200))))
    assert [it["address"] for it in client.get(
        "/api/v1/sessions", x_forwarded_for="192.0.2.9").expect(200).json()] == ["192.0.2.9"]
