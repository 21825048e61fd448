"""Rules by which files go by themselves: never more than they say, never silently, never the last."""
import itertools

import pytest

from support import channel, packages

NUMBER = itertools.count()
NIGHTLY = {"rules": [{"keep_newest": 2, "labels": ["nightly"], "packages": ["tool*"]}]}


class World:
    """An owner with a tool in nightly versions, uploaded in another order, and some others."""

    def __init__(self, server, token, publish, folder, owner):
        self.owner, self.client = owner, server.client(token=token(owner))
        self.account = f"/api/v1/accounts/{owner}/retention"
        for version in ("1.9", "1.10", "1.2", "1.11", "1.1"):
            publish(owner, packages.make_tiny(folder, "tool", version), labels=["nightly"])
        publish(owner, packages.make_tiny(folder, "tool", "1.0"), labels=["main"])
        publish(owner, packages.make_tiny(folder, "tool", "0.9"), labels=["main", "nightly"])
        publish(owner, packages.make_tiny(folder, "other", "1.0"), labels=["nightly"])
        publish(owner, packages.make_tiny(folder, "other", "2.0"), labels=["nightly"])

    def package(self, name):
        return f"/api/v1/packages/{self.owner}/{name}/retention"

    def versions(self, name):
        package = self.client.get(f"/api/package/{self.owner}/{name}").expect(200).json()
        return sorted(file["version"] for file in package["files"])

    def put(self, path, rules, status=204):
        return self.client.request("PUT", path, json_body=rules).expect(status)

    def run(self, path):
        return self.client.post(f"{path}/run", {}).expect(200).json()

    def preview(self, path=None, rules=None):
        """What would go, and why the rest stays."""
        answer = self.client.post(f"{path or self.account}/preview", rules or {}).expect(200).json()
        return ([(file["package"], file["version"]) for file in answer["remove"]],
                {(file["package"], file["version"]): file["why"] for file in answer["keep"]})


@pytest.fixture
def world(server, token, publish, tmp_path):
    return World(server, token, publish, tmp_path, f"owner{next(NUMBER)}")


def test_a_preview_tells_what_goes_and_why_the_rest_stays(world, anonymous):
    document = f"/conda/{world.owner}/label/nightly/noarch/repodata.json"
    before = anonymous.get(document).body
    remove, keep = world.preview(rules=NIGHTLY)
    assert sorted(remove) == [("tool", "1.1"), ("tool", "1.2"), ("tool", "1.9")]
    assert keep == {("tool", "1.10"): "newest", ("tool", "1.11"): "newest",
                    ("tool", "1.0"): "no-rule", ("tool", "0.9"): "no-rule",
                    ("other", "1.0"): "no-rule", ("other", "2.0"): "no-rule"}
    # Young files, and the newest of all, stay whatever their number.
    remove, keep = world.preview(rules={"rules": [{"keep_newest": 1, "keep_days": 1}]})
    assert remove == []
    assert set(keep.values()) == {"days", "newest"}
    assert anonymous.get(document).body == before
    assert world.client.get(world.account).json() == {
        "rules": None, "inherited": False, "last_run": None}


def test_rules_are_strict(world):
    for rules, why in (
            ({}, "the body is an object with nothing but an array"),
            ({"rules": [{"keep_newest": 0}]}, "rule 1: "),
            ({"rules": [{"keep_newst": 3, "keep_days": 1}]}, 'rule 1: "keep_newst" is unknown'),
            ({"rules": [{}]}, "rule 1: it says neither keep_newest nor keep_days"),
            ({"rules": [{"keep_days": 1, "labels": []}]}, "rule 1: "),
            ({"rules": [{"keep_days": 1}, {"keep_days": 1, "per": "file"}]}, 'rule 2: per "file"')):
        answers = [world.put(world.account, rules, 422)]
        if rules:
            answers.append(world.client.post(f"{world.account}/preview", rules).expect(422))
        for answer in answers:
            assert answer.json()["field"] == "rules"
            assert answer.error.startswith(why), answer.error
    answer = world.put(world.package("tool"), {"rules": [{"keep_days": 1, "packages": ["tool"]}]}, 422)
    assert answer.error == 'rule 1: "packages" is for the rules of an account'


def test_a_run_moves_to_the_trash_what_the_preview_told(world, anonymous):
    client, owner = world.client, world.owner
    world.put(world.account, NIGHTLY)
    told, _ = world.preview()
    ran = world.run(world.account)
    assert ran["files"] == len(told) == 3
    assert world.versions("tool") == ["0.9", "1.0", "1.10", "1.11"]
    assert world.versions("other") == ["1.0", "2.0"]
    nightly = channel.records(
        channel.repodata(anonymous, f"/conda/{owner}/label/nightly", "noarch"))
    assert {it["version"] for it in nightly.values() if it["name"] == "tool"} == {
        "0.9", "1.10", "1.11"}
    items = client.get(f"/api/v1/trash/{owner}").json()["items"]
    rule = ('retention rule {"keep_newest":2,"labels":["nightly"],"packages":["tool*"],'
            '"per":"package"}')
    assert {(item["version"], item["kind"], item["reason"]) for item in items} == {
        (version, "file", rule) for version in ("1.1", "1.2", "1.9")}
    assert sum(item["size"] for item in items) == ran["size"]
    state = client.get(world.account).json()
    assert state["rules"] == [{"keep_newest": 2, "labels": ["nightly"], "packages": ["tool*"],
                               "per": "package"}]
    assert (state["last_run"]["files"], state["last_run"]["problem"]) == (3, None)
    events = client.get("/api/v1/security-log?limit=20").json()["events"]
    deleted = [event for event in events if event["action"] == "file.delete"]
    assert len(deleted) == 3 and all(event["detail"].endswith(", " + rule) for event in deleted)
    assert [event["detail"] for event in events if event["action"] == "retention.run"] == [
        f"3 files, {ran['size']} bytes"]
    # No more goes, and what is put back goes with the next run.
    assert world.run(world.account)["files"] == 0
    client.request("POST", f"/api/v1/trash/{owner}/{items[0]['id']}/restore").expect(200)
    assert len(world.versions("tool")) == 5
    assert world.run(world.account)["files"] == 1


def test_a_package_has_rules_of_its_own(world):
    own = world.package("other")
    world.put(world.account, {"rules": [{"keep_newest": 1}]})
    assert world.client.get(own).json()["inherited"] is True
    world.put(own, {"rules": []})
    assert world.client.get(own).json() == {"rules": [], "inherited": False, "last_run": None}
    assert world.preview(own)[1] == {("other", "1.0"): "no-rule", ("other", "2.0"): "no-rule"}
    remove, _ = world.preview()
    assert remove and all(package == "tool" for package, _ in remove)
    world.put(own, {"rules": [{"keep_newest": 1}]})
    assert world.run(own)["files"] == 1
    assert world.versions("other") == ["2.0"]
    assert len(world.versions("tool")) == 7
    world.client.delete(own).expect(204)
    world.client.delete(world.account).expect(204)
    assert world.client.get(own).json()["rules"] is None
    assert world.run(world.account)["files"] == 0


def test_a_locked_label_keeps_what_carries_it(world, publish, tiny):
    for version in ("1.0", "2.0", "3.0"):
        publish(world.owner, tiny("kept", version),
                labels=["stable"] if version == "1.0" else ["main"])
    own, lock = world.package("kept"), f"/api/channels/{world.owner}/stable/lock"
    rules = {"rules": [{"keep_newest": 1}]}
    world.client.request("POST", lock).expect(201)
    remove, keep = world.preview(own, rules)
    assert remove == [("kept", "2.0")]
    assert keep == {("kept", "1.0"): "locked", ("kept", "3.0"): "newest"}
    world.put(own, rules)
    assert world.run(own)["files"] == 1
    assert world.versions("kept") == ["1.0", "3.0"]
    world.client.delete(lock).expect(201)
    assert world.preview(own)[0] == [("kept", "1.0")]


def test_only_who_owns_or_administers_says_so(world, server, token):
    bob = server.client(token=token("bob"))
    world.client.request("PUT", f"/api/packages/{world.owner}/tool/collaborators/bob").expect(201)
    for path in (world.account, world.package("tool")):
        assert bob.get(path).status == 403
        assert bob.request("PUT", path, json_body={"rules": []}).status == 403
        assert bob.post(f"{path}/run", {}).status == 403
        assert bob.post(f"{path}/preview", {}).status == 403


def test_all_that_is_left_is_well(world, server):
    world.put(world.account, NIGHTLY)
    assert world.run(world.account)["files"] == 3
    assert "all is well" in server.command("verify").stdout
