"""What was removed: in the trash, nowhere else, back again, or gone for good."""
import hashlib

import pytest

from support import channel, packages
from support.publish import Plain, Refused, Upload

TRASH = "/api/v1/trash/alice"


@pytest.fixture
def alice(server, token):
    return server.client(token=token("alice"))


@pytest.fixture
def bob(server, token):
    return server.client(token=token("bob"))


def newest(client, owner="alice"):
    return client.get(f"/api/v1/trash/{owner}?limit=1").expect(200).json()["items"][0]


def restore(client, item, owner="alice"):
    return client.request("POST", f"/api/v1/trash/{owner}/{item['id']}/restore")


def surfaces(client, name):
    """What is told of a package, and how it is served, of alice's channel and pages."""
    paths = ["/conda/alice/noarch/repodata.json", "/conda/alice/noarch/repodata.json.zst",
             "/conda/alice/channeldata.json", "/conda/alice/noarch/", "/api/packages/alice",
             f"/api/package/alice/{name}", f"/api/release/alice/{name}/1.0",
             f"/api/dist/alice/{name}/1.0/noarch/{name}-1.0-0.conda",
             f"/conda/alice/noarch/{name}-1.0-0.conda",
             f"/api/download/alice/{name}/1.0/noarch/{name}-1.0-0.conda"]
    return {path: client.get(path) for path in paths}


def told(answers):
    return {path: (answer.status, answer.json() if path.endswith(".json") else answer.body)
            for path, answer in answers.items() if "packages" not in path
            and not path.startswith(("/api/package/", "/api/packages", "/conda/alice/channeldata"))}


@pytest.mark.parametrize("what", ["dist", "release", "package"])
def test_it_is_nowhere_and_back_as_it_was(alice, anonymous, publish, tiny, what):
    name = f"gone-{what}"
    publish("alice", tiny(name, "1.0", "0"))
    publish("alice", tiny(f"{name}-too", "1.0", "0"), labels=["dev"])
    before = surfaces(alice, name)
    path = {"dist": f"/api/dist/alice/{name}/1.0/noarch/{name}-1.0-0.conda",
            "release": f"/api/release/alice/{name}/1.0", "package": f"/api/package/alice/{name}"}[what]
    alice.delete(path).expect(200 if what == "dist" else 201)
    for client in (alice, anonymous):
        for where, answer in surfaces(client, name).items():
            if answer.status == 200 and not where.startswith("/api/release"):
                gone = answer.body
                assert f'"{name}-1.0'.encode() not in gone and f'>{name}-1.0'.encode() not in gone, where
    item = newest(alice)
    assert item["kind"] == {"dist": "file"}.get(what, what)
    assert (item["package"], item["files"], item["removed_by"]) == (name, 1, "alice")
    assert restore(alice, item).expect(200).json() == item
    assert told(surfaces(alice, name)) == told(before)
    assert restore(alice, item).status == 404


def test_it_is_seen_by_those_alone_who_may_change_the_package(alice, bob, anonymous, server, token,
                                                             publish, tiny):
    publish("alice", tiny("shared", "1.0"))
    alice.request("PUT", "/api/packages/alice/shared/collaborators/bob").expect(201)
    bob.delete("/api/package/alice/shared").expect(201)
    publish("alice", tiny("hers", "1.0"))
    alice.delete("/api/package/alice/hers").expect(201)
    hers = newest(alice)
    seen = bob.get(TRASH).expect(200).json()
    assert [item["package"] for item in seen["items"]] == ["shared"]
    carl = server.client(token=token("carl"))
    assert carl.get(TRASH).expect(200).json() == {"items": [], "next": None}
    assert anonymous.get(TRASH).status == 401
    # Who may not do it is told the same, whether there is something or not.
    refused = [carl.request("POST", f"{TRASH}/{number}/restore") for number in (hers["id"], 99999)]
    assert [answer.status for answer in refused] == [403, 403]
    assert refused[0].error.replace(str(hers["id"]), "N") == refused[1].error.replace("99999", "N")
    assert bob.delete(f"{TRASH}/{seen['items'][0]['id']}").status == 403
    restore(bob, seen["items"][0]).expect(200)
    assert bob.get(TRASH).json()["items"] == []
    assert restore(alice, hers).status == 200


def test_pages(alice, publish, tiny):
    for version in "123":
        publish("alice", tiny("paged", version))
    alice.delete("/api/release/alice/paged/1").expect(201)
    alice.delete("/api/release/alice/paged/2").expect(201)
    page = alice.get(f"{TRASH}?limit=1").json()
    assert page["items"][0]["version"] == "2"
    page = alice.get(f"{TRASH}?limit=1&before={page['next']}").json()
    assert page["items"][0]["version"] == "1"
    for query in ("limit=0", "limit=x", "before=x", "page=2"):
        assert alice.get(f"{TRASH}?{query}").status == 422, query


def test_what_is_in_the_way_is_told(alice, publish, tiny):
    publish("alice", tiny("way", "1.0", "0"))
    alice.delete("/api/dist/alice/way/1.0/noarch/way-1.0-0.conda").expect(200)
    file = newest(alice)
    publish("alice", tiny("way", "1.0", "0", depends=["python"]))
    answer = restore(alice, file)
    assert answer.status == 409
    assert answer.error == (
        'there is another file "noarch/way-1.0-0.conda" by now; remove it first')
    alice.delete("/api/package/alice/way").expect(201)
    package = newest(alice)
    answer = restore(alice, file)
    assert answer.error == 'the package "alice/way" is in the trash itself: put it back first'
    publish("alice", tiny("way", "2.0", "0"))
    answer = restore(alice, package)
    assert (answer.status, answer.error) == (409, 'there is another package "alice/way" by now')
    alice.delete("/api/package/alice/way?final=true").expect(201)
    restore(alice, package).expect(200)
    assert restore(alice, file).status == 409   # the second upload has its name
    alice.delete("/api/dist/alice/way/1.0/noarch/way-1.0-0.conda").expect(200)
    restore(alice, file).expect(200)
    alice.request("POST", "/api/channels/alice/main/lock").expect(201)
    try:
        assert alice.delete("/api/package/alice/way").status == 403
        held = next(item for item in alice.get(TRASH).json()["items"] if item["package"] == "way")
        alice.delete("/api/channels/alice/main/lock").expect(201)
        alice.delete("/api/dist/alice/way/1.0/noarch/way-1.0-0.conda").expect(200)
        alice.request("POST", "/api/channels/alice/main/lock").expect(201)
        answer = restore(alice, held)
        assert (answer.status, '"main" is locked' in answer.error) == (403, True)
    finally:
        alice.delete("/api/channels/alice/main/lock").expect(201)


def test_with_it_come_access_collaborators_favorites_and_rules(alice, bob, anonymous, publish,
                                                                  tiny):
    publish("alice", tiny("whole", "1.0", "0"))
    alice.request("PUT", "/api/v1/packages/alice/whole/access",
                  json_body={"access": "private"}).expect(204)
    alice.request("PUT", "/api/packages/alice/whole/collaborators/bob",
                  json_body={"permission": "read"}).expect(201)
    bob.request("PUT", "/api/v1/favorites/alice/whole").expect(204)
    alice.request("PUT", "/api/v1/packages/alice/whole/retention",
                  json_body={"rules": [{"keep_newest": 7}]}).expect(204)
    shown = bob.get("/api/package/alice/whole").expect(200).json()
    alice.delete("/api/package/alice/whole").expect(201)
    assert bob.get("/api/package/alice/whole").status == 404
    restore(alice, newest(alice)).expect(200)
    again = bob.get("/api/package/alice/whole").expect(200).json()
    assert {**again, "modified_at": None, "updated_at": None} == {
        **shown, "modified_at": None, "updated_at": None}
    assert anonymous.get("/api/package/alice/whole").status == 404
    assert alice.get("/api/packages/alice/whole/collaborators").json()[0]["login"] == "bob"
    assert again["favorites"] == 1
    assert alice.get("/api/v1/packages/alice/whole/retention").json()["rules"] == [
        {"keep_newest": 7, "per": "package"}]


def test_files_of_every_kind_come_back(alice, anonymous, server):
    it = Upload(alice, "alice", Plain("report", "1", "report.pdf"), [], b"%PDF", "file")
    it.run()
    alice.delete("/api/package/alice/report").expect(201)
    assert anonymous.get("/api/download/alice/report/1/report.pdf").status == 404
    restore(alice, newest(alice)).expect(200)
    assert anonymous.get("/api/download/alice/report/1/report.pdf").expect(200).body == b"%PDF"


@pytest.mark.parametrize("target, status", [
    ("/api/dist/alice/secret/1.0/noarch/secret-1.0-0.conda", 200), ("/api/release/alice/secret/1.0", 201),
    ("/api/package/alice/secret", 201)])
def test_final_leaves_nothing(alice, bob, server, publish, tiny, target, status):
    it = publish("alice", tiny("secret", "1.0", "0"))
    alice.request("PUT", "/api/packages/alice/secret/collaborators/bob").expect(201)
    assert bob.delete(f"{target}?final=true").status == 403
    used = alice.get("/api/v1/accounts/alice/usage").json()["bytes"]
    alice.delete(f"{target}?final=true").expect(status)
    assert alice.get("/api/v1/accounts/alice/usage").json()["bytes"] == used - len(it.data)
    assert all(item["package"] != "secret" for item in alice.get(TRASH).json()["items"])
    report = server.command("verify", "--quick").stdout
    assert "orphan" not in report and "all is well" in report
    alice.delete("/api/package/alice/secret?final=true")


def test_final_takes_what_was_removed_before(alice, publish, tiny, server):
    publish("alice", tiny("leak", "1.0", "0"))
    publish("alice", tiny("leak", "1.0", "1"))
    alice.delete("/api/dist/alice/leak/1.0/noarch/leak-1.0-0.conda").expect(200)
    alice.delete("/api/package/alice/leak?final=true").expect(201)
    assert all(item["package"] != "leak" for item in alice.get(TRASH).json()["items"])
    assert "all is well" in server.command("verify", "--quick").stdout


def test_deleted_from_the_trash_it_is_gone(alice, publish, tiny, server):
    publish("alice", tiny("ended", "1.0", "0"))
    alice.delete("/api/package/alice/ended").expect(201)
    item = newest(alice)
    alice.delete(f"{TRASH}/{item['id']}").expect(204)
    assert restore(alice, item).status == 404
    assert alice.delete(f"{TRASH}/{item['id']}").status == 404
    assert "orphan" not in server.command("verify", "--quick").stdout


def test_a_name_stays_taken_as_the_settings_say(alice, publish, tiny, new_server):
    """The trash loosens nothing: without reuse, not even the same bytes come in by that name."""
    from conftest import make_account
    server = new_server(options=["--reuse-removed-names", "no"]).start()
    owner = make_account(server, "alice").by_token()
    path = tiny("once", "1.0", "0")
    upload = lambda: Upload(owner, "alice", packages.describe(path)).run()
    upload()
    owner.delete("/api/dist/alice/once/1.0/noarch/once-1.0-0.conda").expect(200)
    with pytest.raises(Refused) as refused:
        upload()
    assert refused.value.answer.status == 409
    assert "was used by a removed file and stays reserved" in refused.value.answer.error
    restore(owner, newest(owner)).expect(200)
    upload()   # the same bytes under the name that they have
    owner.delete("/api/package/alice/once?final=true").expect(201)
    with pytest.raises(Refused):
        upload()
    server.finish()


def test_what_is_on_record(alice, publish, tiny):
    publish("alice", tiny("logged", "1.0", "0"))
    alice.delete("/api/package/alice/logged").expect(201)
    restore(alice, newest(alice)).expect(200)
    alice.delete("/api/release/alice/logged/1.0").expect(201)
    alice.delete(f"{TRASH}/{newest(alice)['id']}").expect(204)
    events = alice.get("/api/v1/security-log?limit=50").json()["events"]
    logged = [(event["action"], event["object"]) for event in reversed(events)
              if event["object"].startswith("alice/logged")]
    file = "alice/logged/1.0/noarch/logged-1.0-0.conda"
    assert logged[-6:] == [
        ("package.delete", "alice/logged"), ("file.restore", file),
        ("package.restore", "alice/logged"), ("file.delete", file),
        ("release.delete", "alice/logged/1.0"), ("trash.delete", "alice/logged/1.0")]


def test_the_channel_is_what_its_files_give(alice, anonymous, publish, tiny, server):
    """After whatever came before: nothing is left of it in documents, bytes or sums."""
    publish("alice", tiny("last", "1.0"))
    publish("alice", tiny("last", "2.0"))
    alice.delete("/api/release/alice/last/1.0").expect(201)
    report = server.command("verify").stdout
    assert "all is well" in report and " in the trash, " in report
    records = channel.records(channel.repodata(anonymous, "/conda/alice", "noarch"))
    assert "last-2.0-0.conda" in records and "last-1.0-0.conda" not in records
    for name in records:
        body = anonymous.get(f"/conda/alice/noarch/{name}").expect(200).body
        assert hashlib.sha256(body).hexdigest() == records[name]["sha256"]
