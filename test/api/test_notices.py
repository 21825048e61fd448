"""What channels tell those who install from them: who may, who sees it, and what conda is given."""
import json
import re
import time
from datetime import datetime, timedelta, timezone

import pytest

from support.wait import until

FAR = "2999-01-01T00:00:00+00:00"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def world(server, account):
    """An organization of its own, its founder, and a visitor who is signed in."""
    world.number = getattr(world, "number", 0) + 1
    name = f"org{world.number}"
    founder = account("alice").by_session()
    founder.post("/api/v1/organizations", {"login": name}).expect(201)
    yield name, founder, account("bob").by_token()
    founder.close()


def make(client, owner, message="Hello.", **more):
    body = {"message": message, "level": "info", "expires_at": FAR, **more}
    return client.post(f"/api/{owner}/notices", body).expect(201).json()


def told(client, owner, label=None):
    """What conda is told, as it reads it."""
    channel = f"/conda/{owner}" + (f"/label/{label}" if label else "")
    answer = client.get(f"{channel}/notices.json").expect(200)
    assert answer.header("Content-Type") == "application/json"
    return [conda_reads(item) for item in answer.json()["notices"]]


def conda_reads(item):
    """conda/notices/types.py, and the fields that CEP 6 asks for."""
    assert set(item) == {"id", "message", "level", "created_at", "expired_at", "expires_at"}
    assert UUID.fullmatch(item["id"])
    assert item["level"] in ("info", "warning", "critical")
    assert item["expired_at"] == item["expires_at"]
    for key in ("created_at", "expired_at"):
        # In the one form that datetime.fromisoformat of every Python takes; conda compares them
        # with moments that have a zone.
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", item[key])
        assert datetime.fromisoformat(item[key]).tzinfo
    return item["message"], item["level"], item["expires_at"]


def test_the_life_of_a_notice(world, anonymous):
    org, founder, visitor = world
    made = make(founder, org, level="warning")
    assert UUID.fullmatch(made["id"])
    assert {key: made[key] for key in ("status", "level", "message", "expires_at")} == {
        "status": "draft", "level": "warning", "message": "Hello.", "expires_at": FAR}
    assert told(anonymous, org) == []
    path = f"/api/{org}/notices/{made['id']}"
    assert founder.post(f"{path}/publish").expect(200).json()["status"] == "published"
    assert founder.post(f"{path}/publish").expect(200).json()["status"] == "published"
    assert told(anonymous, org) == [("Hello.", "warning", FAR)]
    changed = founder.request("PATCH", path, json_body={"level": "critical"}).expect(200).json()
    assert changed["level"] == "critical" and changed["message"] == "Hello."
    assert told(anonymous, org) == [("Hello.", "critical", FAR)]
    assert founder.post(f"{path}/archive").expect(200).json()["status"] == "archived"
    assert founder.post(f"{path}/archive").expect(200).json()["status"] == "archived"
    assert told(anonymous, org) == []
    visitor.get(path).expect(404)
    founder.delete(path).expect(204)
    founder.post(f"{path}/publish").expect(404)
    everything = founder.get(f"/api/{org}/notices").expect(200).json()
    assert everything == {"items": [], "total_count": 0}
    deleted = founder.get(f"/api/{org}/notices?status=deleted").expect(200).json()
    assert [item["id"] for item in deleted["items"]] == [made["id"]]
    log = founder.get(f"/api/v1/accounts/{org}/security-log?action=notice.").expect(200).json()
    assert [(it["action"], it["object"]) for it in log["events"]] == [
        (f"notice.{word}", f"{org}/notices/{made['id']}")
        for word in ("delete", "archive", "change", "publish", "create")]


def test_both_addresses_are_of_the_same_notices(world, anonymous):
    org, founder, _ = world
    old = make(founder, org, "one")
    new = founder.post(f"/api/v1/accounts/{org}/notices", {
        "message": "two", "expires_at": FAR, "status": "published"}).expect(201).json()
    assert new["status"] == "published" and new["level"] == "info"
    listed = founder.get(f"/api/{org}/notices").expect(200).json()
    assert [item["message"] for item in listed["items"]] == ["two", "one"]
    assert founder.get(f"/api/v1/accounts/{org}/notices").expect(200).json() == listed
    one = f"/api/v1/accounts/{org}/notices/{old['id']}"
    founder.request("PATCH", one, json_body={"status": "published"}).expect(200)
    assert founder.get(f"/api/{org}/notices/{old['id'].upper()}").json()["status"] == "published"
    assert [it[0] for it in told(anonymous, org)] == ["two", "one"]
    founder.delete(one).expect(204)
    assert [it[0] for it in told(anonymous, org)] == ["two"]


def test_visitors_see_what_is_published_and_no_more(world, anonymous):
    org, founder, visitor = world
    draft, shown = make(founder, org, "draft"), make(founder, org, "shown", status="published")
    for client in (anonymous, visitor):
        listed = client.get(f"/api/{org}/notices").expect(200).json()
        assert listed == {"items": [shown], "total_count": 1}
        for status, count in (("draft", 0), ("archived", 0), ("deleted", 0), ("published", 1)):
            answer = client.get(f"/api/{org}/notices?status={status}").expect(200).json()
            assert answer["total_count"] == len(answer["items"]) == count
        assert client.get(f"/api/{org}/notices/{shown['id']}").expect(200).json() == shown
        hidden = client.get(f"/api/{org}/notices/{draft['id']}").expect(404)
        none = client.get(f"/api/{org}/notices/{draft['id'][:-1]}x").expect(404)
        assert hidden.error == f'there is no notice "{draft["id"]}" of "{org}"'
        assert none.error == hidden.error.replace(draft["id"], draft["id"][:-1] + "x")


def test_admins_of_all_packages_may_write_them(world, account):
    org, founder, _ = world
    for perms, status in (("read", 403), ("write", 403), ("admin", 201)):
        someone, group = account(f"{perms}er"), f"/api/group/{org}/{perms}s"
        founder.post(group, {"perms": perms, "all_packages": True}).expect(204)
        founder.request("PUT", f"{group}/members/{someone.login}").expect(204)
        someone.by_token().post(f"/api/{org}/notices",
                                {"message": perms, "expires_at": FAR}).expect(status)


def test_a_label_tells_the_same_and_a_hidden_label_nothing(world, anonymous, publish, tiny, account):
    org, founder, visitor = world
    make(founder, org, status="published")
    alice = account("alice").login
    founder.post(f"/api/{alice}/notices", {
        "message": "Of alice.", "expires_at": FAR, "status": "published"}).expect(201)
    publish(alice, tiny("shown", "1.0"), labels=["dev"])
    publish(alice, tiny("secret", "1.0"), labels=["hidden"])
    founder.request("PUT", f"/api/v1/packages/{alice}/secret/access",
                    json_body={"access": "private"}).expect(204)
    for label in (None, "main", "dev"):
        assert [it[0] for it in told(anonymous, alice, label)] == ["Of alice."]
    assert [it[0] for it in told(founder, alice, "hidden")] == ["Of alice."]
    assert [it[0] for it in told(anonymous, org)] == ["Hello."]
    anonymous.get(f"/conda/{alice}/label/none/notices.json").expect(404)


def test_a_notice_ends_by_itself(world, anonymous):
    org, founder, visitor = world
    end = datetime.now(timezone.utc) + timedelta(seconds=1.5)
    make(founder, org, "stays", status="published")
    ending = make(founder, org, "ends", status="published", expires_at=end.isoformat())
    found = [it[0] for it in told(anonymous, org)]
    assert found == ["ends", "stays"] or time.time() >= end.timestamp()
    until(lambda: [it[0] for it in told(anonymous, org)] == ["stays"], what="the end of a notice")
    assert time.time() >= end.timestamp() - 0.01
    visitor.get(f"/api/{org}/notices/{ending['id']}").expect(404)
    assert founder.get(f"/api/{org}/notices/{ending['id']}").json()["status"] == "published"


@pytest.mark.parametrize("change, field, says", [
    ({"message": ""}, "message", "message"),
    ({"message": "x" * 601}, "message", "the message has 601 characters; 600 are possible"),
    ({"message": "\x1b[2J"}, "message", "control character"),
    ({"message": 5}, "message", "message"),
    ({"level": "loud"}, "level", '"info", "warning" or "critical", not "loud"'),
    ({"expires_at": "tomorrow"}, "expires_at", 'not "tomorrow"'),
    ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at", "is past"),
    ({"expires_at": None}, "expires_at", "needs a moment at which it ends"),
    ({"status": "deleted"}, "status", 'not "deleted"'),
])
def test_a_refused_notice_says_why(account, change, field, says):
    client = account("alice").by_session()
    answer = client.post("/api/alice/notices", {"message": "m", "expires_at": FAR, **change})
    assert answer.status == 422
    problem = json.loads(answer.body)
    assert problem["field"] == field and says in problem["error"]


def test_pages(account):
    client = account("paula").by_session()
    for number in range(5):
        make(client, "paula", f"n{number}")
    pages = []
    for offset in (0, 2, 4, 6):
        page = client.get(f"/api/paula/notices?offset={offset}&limit=2").expect(200).json()
        assert page["total_count"] == 5
        pages += [item["message"] for item in page["items"]]
    assert pages == ["n4", "n3", "n2", "n1", "n0"]


def test_words_of_the_api_come_before_the_names_of_owners(anonymous, account):
    account("alice")
    for word in ("user", "packages", "channels"):   # of whoever has the name "notices": nobody
        answer = anonymous.get(f"/api/{word}/notices").expect(404)
        assert answer.error == 'there is no account "notices"'
    assert anonymous.get("/api/nobody/notices").expect(404).error == 'there is no account "nobody"'
    anonymous.get("/api/Alice/notices").expect(200)
