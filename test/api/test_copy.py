"""Copies between owners: bytes, indexes, what is there already, and who may see and do what."""
import itertools

import pytest

from support import channel, packages, pypi
from support.publish import Plain, Upload
from support.site import verify

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def people(account):
    return {login: account(login) for login in ("alice", "bob", "carol")}


class World:
    """alice owns `source` with x 1.0 in two builds, x 2.0 and a private y; bob owns `target`."""

    def __init__(self, people, tiny, server):
        self.people, self.tiny, self.server = people, tiny, server
        number = next(NUMBERS)
        self.source, self.target = f"source{number}", f"target{number}"
        self.alice, self.bob = self.as_("alice"), self.as_("bob")
        self.alice.post("/api/v1/organizations", {"login": self.source}).expect(201)
        self.bob.post("/api/v1/organizations", {"login": self.target}).expect(201)
        self.files = {}
        for name, version, build in (("x", "1.0", "0"), ("x", "1.0", "1"), ("x", "2.0", "0")):
            self.files[f"{name}-{version}-{build}"] = self.publish(self.alice, self.source, name,
                                                                  version, build)
        self.alice.post(f"/api/package/{self.source}/y", {"access": "private"}).expect(200)
        self.publish(self.alice, self.source, "y", "1.0", "0")

    def as_(self, login, **options):
        return self.people[login].by_token(f"token {next(NUMBERS)}", **options)

    def publish(self, client, owner, name, version, build="0", labels=(), **index):
        upload = Upload(client, owner, packages.describe(self.tiny(name, version, build, **index)),
                        list(labels))
        upload.run()
        return upload

    def copy(self, spec, client=None, method="POST", owner=None, **body):
        return (client or self.bob).request(method, f"/api/copy/package/{owner or self.source}/{spec}",
                                            json_body={"to_owner": self.target, **body})

    def there(self, label="main", client=None):
        """What the target's channel shows, and serves with the bytes that the index tells of."""
        base = f"/conda/{self.target}" + ("" if label == "main" else f"/label/{label}")
        client = client or self.server.client()
        records = channel.listed(client, base, "noarch")
        for name, record in records.items():
            body = client.get(f"{base}/noarch/{name}").expect(200).body
            assert packages.hashlib.sha256(body).hexdigest() == record["sha256"]
        return {name.removesuffix(".conda") for name in records}


@pytest.fixture
def world(people, tiny, server):
    return World(people, tiny, server)


def basenames(answer):
    return [it["basename"] for it in answer.expect(200).json()]


# --- what is copied -----------------------------------------------------------------------------


@pytest.mark.parametrize("spec, names", [
    ("x/1.0/noarch/x-1.0-0.conda", {"x-1.0-0"}), ("x/1.0/", {"x-1.0-0", "x-1.0-1"}),
    ("x/1.0", {"x-1.0-0", "x-1.0-1"}), ("x/2.0/", {"x-2.0-0"})])
def test_exactly_what_is_named_is_copied(world, spec, names):
    answer = world.copy(spec, from_channel="main", to_channel="main")
    assert sorted(basenames(answer)) == sorted(f"noarch/{it}.conda" for it in names)
    assert world.there() == names
    shown = world.server.client().get(f"/api/package/{world.target}/x").expect(200).json()
    assert {it["version"] for it in shown["releases"]} == {name.split("-")[1] for name in names}
    assert shown["copied_from"] == f"{world.source}/x" and shown["access"] == "public"
    verify(world.server)


def test_a_copy_stays_when_its_source_goes(world, server):
    world.copy("x/1.0/").expect(200)
    world.alice.delete(f"/api/package/{world.source}/x").expect(201)
    server.command("gc")
    assert world.there() == {"x-1.0-0", "x-1.0-1"}
    path = f"/api/download/{world.target}/x/1.0/noarch/x-1.0-0.conda"
    body = server.client().get(path).expect(200).body
    assert body == world.files["x-1.0-0"].data
    verify(server)
    world.bob.delete(f"/api/package/{world.target}/x").expect(201)
    verify(server)


def test_only_what_has_the_label_is_copied_and_only_to_that_one(world):
    one = {"package": "x", "version": "1.0", "basename": "noarch/x-1.0-1.conda"}
    world.alice.post(f"/api/channels/{world.source}/rel/dev", one).expect(201)
    assert basenames(world.copy("x/1.0/", from_channel="Rel/Dev", to_channel="New/X")) == [
        "noarch/x-1.0-1.conda"]
    assert world.there("new/x") == {"x-1.0-1"} and world.there() == set()
    assert basenames(world.copy("x/2.0/", from_channel="rel/dev")) == []
    assert 'does not have the label "rel/dev"' in world.copy(
        "x/1.0/noarch/x-1.0-0.conda", from_channel="rel/dev").expect(404).error
    assert 'has no label "none"' in world.copy("x/1.0/", from_channel="none").expect(404).error
    assert world.there() == set()


def test_the_caller_is_the_target_unless_another_is_named(world, server):
    for body in ({"to_owner": None}, {}):
        world.bob.request("POST", f"/api/copy/package/{world.source}/x/2.0/", json_body=body
                          ).expect(200)
        assert "x-2.0-0.conda" in channel.listed(server.client(), "/conda/bob", "noarch")
        world.bob.delete("/api/package/bob/x").expect(201)


def test_a_copy_within_an_owner_is_a_label(world, server):
    answer = world.copy("x/1.0/", client=world.alice, to_owner=world.source, to_channel="prod")
    assert len(basenames(answer)) == 2
    shown = server.client().get(f"/api/release/{world.source}/x/1.0").expect(200).json()
    assert [it["labels"] for it in shown["distributions"]] == [["main", "prod"]] * 2
    assert server.client().get(f"/api/package/{world.source}/x").json()["copied_from"] is None
    verify(server)


def test_the_time_of_the_first_upload_is_kept(world, server):
    world.copy("x/1.0/").expect(200)

    def times(owner):
        files = server.client().get(f"/api/package/{owner}/x").expect(200).json()["files"]
        records = channel.listed(server.client(), f"/conda/{owner}", "noarch")
        return {it["basename"]: (it["upload_time"], it["sha256"]) for it in files if
                it["version"] == "1.0"}, records["x-1.0-0.conda"]
    assert times(world.source) == times(world.target)


def send(client, owner, name, version, basename, data, kind):
    Upload(client, owner, Plain(name, version, basename), [], data, kind).run()


def test_files_of_other_kinds_are_copied(world, server):
    wheel = pypi.wheel("wheely", "1.0")
    sent = {("wheely", "1.0", wheel[0]): wheel[1],
            ("papers", "2024", "read me.txt"): b"plain text"}
    for ((name, version, basename), data), kind in zip(sent.items(), ("pypi", "file")):
        send(world.alice, world.source, name, version, basename, data, kind)
        for method in ("POST", "PATCH", "PUT"):
            world.copy(f"{name}/{version}/{basename.replace(' ', '%20')}", method=method).expect(200)
    for (name, version, basename), data in sent.items():
        path = f"{world.target}/{name}/{version}/{basename.replace(' ', '%20')}"
        assert server.client().get(f"/api/download/{path}").expect(200).body == data
        world.alice.delete(f"/api/package/{world.source}/{name}").expect(201)
        assert server.client().get(f"/api/download/{path}").expect(200).body == data
    verify(server)


def test_a_copy_reaches_no_project_that_one_may_not_publish_to(world, server):
    """As with uploads: to Python's clients my-tool and my_tool are one."""
    for spelling, version in (("my_tool", "1.0"), ("my_tool", "2.0")):
        send(world.alice, world.source, spelling, version, *pypi.wheel("my-tool", version), "pypi")
    send(world.bob, world.target, "my-tool", "0.9", *pypi.wheel("my-tool", "0.9"), "pypi")
    world.bob.post(f"/api/package/{world.target}/my_tool", {"public_attrs": {}}).expect(200)
    path = f"/api/packages/{world.target}/my_tool/collaborators/carol"
    world.bob.request("PUT", path).expect(201)
    carol = world.as_("carol")
    for method in ("POST", "PUT", "PATCH"):
        said = world.copy("my_tool/1.0/", client=carol, method=method).expect(403).error
        assert "under another spelling of its name" in said
    answer = carol.post(f"/api/v1/files/{world.source}/copies", {
        "files": [{"package": "my_tool"}], "to_owner": world.target}).expect(403)
    assert "under another spelling" in answer.error
    assert world.bob.get(f"/api/package/{world.target}/my_tool").json()["files"] == []
    both = world.bob.post(f"/api/v1/files/{world.source}/copies", {
        "files": [{"package": "my_tool"}], "to_owner": world.target}).expect(200)
    assert [it["result"] for it in both.json()["files"]] == ["copied", "copied"]
    verify(server)


# --- what is there already ----------------------------------------------------------------------


def test_modes_decide_on_files_that_are_there(world, server):
    other = world.publish(world.bob, world.target, "x", "1.0", labels=["main", "stable"],
                          depends=["other"])
    before = server.client().get(f"/api/package/{world.target}/x").body
    said = world.copy("x/1.0/").expect(409).error
    assert said == (f'the file "{world.target}/x/1.0/noarch/x-1.0-0.conda" exists already, with other '
                    "content; nothing was copied")
    assert server.client().get(f"/api/package/{world.target}/x").body == before
    assert basenames(world.copy("x/1.0/", method="PATCH")) == ["noarch/x-1.0-1.conda"]
    assert basenames(world.copy("x/1.0/", method="PATCH")) == []
    sha256 = channel.listed(server.client(), f"/conda/{world.target}", "noarch")
    assert sha256["x-1.0-0.conda"]["sha256"] == packages.hashlib.sha256(other.data).hexdigest()
    assert basenames(world.copy("x/1.0/", method="PUT", to_channel="new")) == [
        "noarch/x-1.0-0.conda", "noarch/x-1.0-1.conda"]
    for label, names in (("main", {"x-1.0-0", "x-1.0-1"}), ("stable", {"x-1.0-0"}),
                         ("new", {"x-1.0-0", "x-1.0-1"})):
        assert world.there(label) == names
    records = channel.listed(server.client(), f"/conda/{world.target}/label/stable", "noarch")
    assert records["x-1.0-0.conda"]["sha256"] == packages.hashlib.sha256(
        world.files["x-1.0-0"].data).hexdigest()
    assert len(basenames(world.copy("x/1.0/"))) == 2        # the same bytes are no conflict
    verify(server)


def test_a_lock_of_the_target_is_no_conflict_but_a_refusal(world):
    world.publish(world.bob, world.target, "x", "1.0", labels=["stable"], depends=["other"])
    world.bob.post(f"/api/channels/{world.target}/stable/lock").expect(201)
    for method, label in (("POST", "stable"), ("PUT", "main")):
        said = world.copy("x/1.0/", method=method, to_channel=label).expect(403).error
        assert 'the label "stable" is locked' in said
    assert world.there("stable") == {"x-1.0-0"} and world.there() == set()


def test_many_choices_are_copied_at_once_or_not_at_all(world):
    world.publish(world.bob, world.target, "x", "2.0", depends=["other"])
    path = f"/api/v1/files/{world.source}/copies"
    body = {"files": [{"package": "x", "version": "1.0"}, {"package": "x", "version": "2.0"}],
            "to_owner": world.target, "to_label": "beta"}
    answer = world.bob.post(path, body).expect(409).json()
    assert [it["index"] for it in answer["errors"]] == [1]
    assert world.there() == {"x-2.0-0"}
    done = world.bob.post(path, {**body, "mode": "update"}).expect(200).json()["files"]
    assert {it["basename"]: it["result"] for it in done} == {
        "noarch/x-1.0-0.conda": "copied", "noarch/x-1.0-1.conda": "copied",
        "noarch/x-2.0-0.conda": "skipped"}
    done = world.bob.post(path, {**body, "files": [{"package": "x"}], "mode": "replace"}).expect(200)
    assert {it["basename"]: it["result"] for it in done.json()["files"]} == {
        "noarch/x-1.0-0.conda": "kept", "noarch/x-1.0-1.conda": "kept",
        "noarch/x-2.0-0.conda": "replaced"}
    assert world.there("beta") == {"x-1.0-0", "x-1.0-1", "x-2.0-0"}
    for wrong, field in (({"mode": "force"}, "mode"), ({"files": [{}]}, "package"),
                         ({"to_owner": 5}, "to_owner")):
        assert world.bob.post(path, {**body, **wrong}).expect(422).json()["field"] == field


# --- who may see and do what --------------------------------------------------------------------


def test_both_ends_are_asked_for(world, server):
    server.client().request("POST", f"/api/copy/package/{world.source}/x/1.0/",
                            json_body={"to_owner": world.target}).expect(401)
    said = world.copy("x/1.0/", client=world.alice).expect(403).error
    assert said == f'"alice" may not publish or change "{world.target}/x"'
    said = world.copy("x/1.0/", client=world.alice, to_owner="nobody").expect(403).error
    assert said == '"alice" may not publish or change "nobody/x"'
    for limits in ({"packages": [f"{world.target}/y"]}, {"labels": ["dev"]}):
        limited = world.as_("bob", limits=limits)
        assert "limited to" in world.copy("x/1.0/", client=limited).expect(403).error
    world.copy("x/1.0/", client=world.as_("bob", scopes=["conda:upload"])).expect(403)
    world.copy("x/1.0/", client=world.as_("bob", limits={"labels": ["dev"]}),
               to_channel="dev").expect(200)
    assert world.there("dev") == {"x-1.0-0", "x-1.0-1"} and world.there() == set()
    # It stands in the log of whom it was about.
    path = f"/api/v1/accounts/{world.target}/security-log?action=access.denied"
    denied = world.bob.get(path).expect(200).json()["events"]
    assert ("alice", f"{world.target}/x") in {(it["actor"], it["object"]) for it in denied}


def test_a_hidden_source_is_told_as_an_absent_one(world):
    for spec in ("{}/1.0/", "{}/1.0/noarch/{}-1.0-0.conda", "{}/9/"):
        for method in ("POST", "PUT", "PATCH"):
            hidden = world.copy(spec.replace("{}", "y"), method=method).expect(404)
            absent = world.copy(spec.replace("{}", "q"), method=method).expect(404)
            assert hidden.body == absent.body.replace(b'/q\\"', b'/y\\"')
            assert hidden.error == f'there is no package "{world.source}/y"'
    world.alice.request("PUT", f"/api/packages/{world.source}/y/collaborators/bob",
                        json_body={"permission": "read"}).expect(201)
    world.copy("y/1.0/").expect(200)
    shown = world.bob.get(f"/api/package/{world.target}/y").expect(200).json()
    assert shown["access"] == "private" and shown["copied_from"] == f"{world.source}/y"


def test_the_name_of_a_hidden_source_is_told_to_nobody_else(world, server):
    world.alice.request("PUT", f"/api/packages/{world.source}/y/collaborators/bob",
                        json_body={"permission": "read"}).expect(201)
    world.copy("y/1.0/").expect(200)
    world.bob.request("PUT", f"/api/v1/packages/{world.target}/y/access",
                      json_body={"access": "public"}).expect(204)
    carol = world.as_("carol")
    for client in (server.client(), carol):
        shown = client.get(f"/api/package/{world.target}/y").expect(200)
        assert shown.json()["copied_from"] is None and world.source not in shown.text
    group = f"/api/group/{world.target}/owners/members/carol"
    world.bob.request("PUT", group).expect(204)
    log = carol.get(f"/api/v1/accounts/{world.target}/security-log").expect(200).json()["events"]
    copied, = [it for it in log if it["action"] == "file.copy"]
    assert copied["object"] == f"{world.target}/y/1.0/noarch/y-1.0-0.conda"
    assert copied["detail"] == "from a package that is not public"
    assert not [it for it in log if world.source in str(it)]


def test_a_new_package_is_what_its_owner_says_and_never_wider(world, server):
    world.bob.request("PATCH", f"/api/v1/accounts/{world.target}",
                      json_body={"default_access": "authenticated"}).expect(200)
    world.copy("x/2.0/").expect(200)
    shown = world.bob.get(f"/api/package/{world.target}/x").expect(200).json()
    assert shown["access"] == "authenticated"
    server.client().get(f"/conda/{world.target}/noarch/x-2.0-0.conda").expect(404)
    assert world.there(client=world.as_("carol")) == {"x-2.0-0"}


def test_attributes_come_along_by_the_mode(world, server):
    def summary():
        return server.client().get(f"/api/package/{world.target}/x").expect(200).json()["summary"]

    def update(client, owner, text):
        client.request("PATCH", f"/api/package/{owner}/x",
                       json_body={"public_attrs": {"summary": text}}).expect(200)
    update(world.alice, world.source, "The source's.")
    world.copy("x/2.0/").expect(200)
    assert summary() == "The source's."
    update(world.bob, world.target, "Our own.")
    for method, wanted in (("POST", "Our own."), ("PATCH", "Our own."), ("PUT", "The source's.")):
        world.copy("x/2.0/", method=method).expect(200)
        assert summary() == wanted
