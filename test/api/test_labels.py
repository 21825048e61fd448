"""Labels: exactly what is named gets them and loses them, and a lock keeps things as they are."""
import itertools

import pytest

from support import channel, packages
from support.publish import Refused, Upload
from support.site import verify

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def people(account):
    return {login: account(login) for login in ("alice", "bob", "carol", "dave")}


@pytest.fixture
def acme(people, tiny, server):
    return World(people, f"org{next(NUMBERS)}", tiny, server)


class World:
    """A new organization of alice's: x 1.0 in two builds, x 2.0, y 1.0."""

    def __init__(self, people, login, tiny, server):
        self.people, self.login, self.tiny, self.server = people, login, tiny, server
        self.alice = self.as_("alice")
        self.alice.post("/api/v1/organizations", {"login": login}).expect(201)
        for name, version, build in (("x", "1.0", "0"), ("x", "1.0", "1"), ("x", "2.0", "0"),
                                     ("y", "1.0", "0")):
            self.publish(name, version, build)

    def as_(self, login, **options):
        return self.people[login].by_token(f"token {next(NUMBERS)}", **options)

    def publish(self, name, version, build, labels=(), client=None, **index):
        path = self.tiny(name, version, build, **index)
        return Upload(client or self.alice, self.login, packages.describe(path), list(labels)).run()

    def label(self, label, method="POST", client=None, **choice):
        return (client or self.alice).request(method, f"/api/channels/{self.login}/{label}",
                                              json_body=choice)

    def files(self, label="main", client=None):
        """The names under a label, by its own page, by the pages of the API and by its channel."""
        client = client or self.server.client()
        shown = client.get(f"/api/channels/{self.login}/{label}")
        paged = client.get(f"/api/v1/labels/{self.login}/{label}")
        base = f"/conda/{self.login}" + ("" if label == "main" else f"/label/{label}")
        document = client.get(f"{base}/noarch/repodata.json")
        if shown.status == 404:
            assert (paged.status, document.status) == (404, 404)
            return None
        names = [it["full_name"].rpartition("/")[2] for it in shown.expect(200).json()["files"]]
        assert sorted(names) == sorted(it["basename"].partition("/")[2]
                                       for it in paged.expect(200).json()["files"])
        assert sorted(names) == sorted(channel.records(document.expect(200).json()))
        assert sorted(names) == sorted(channel.listed(client, base, "noarch"))
        return {name.removesuffix(".conda") for name in names}


ALL = {"x-1.0-0", "x-1.0-1", "x-2.0-0", "y-1.0-0"}


# --- what is named ------------------------------------------------------------------------------


@pytest.mark.parametrize("choice, changed", [
    ({"package": "x", "version": "1.0", "basename": "noarch/x-1.0-0.conda"}, {"x-1.0-0"}),
    ({"package": "x", "version": "1.0", "basename": None}, {"x-1.0-0", "x-1.0-1"}),
    ({"package": "x", "version": "1.0"}, {"x-1.0-0", "x-1.0-1"}),
    ({"package": "x", "version": None, "basename": None}, {"x-1.0-0", "x-1.0-1", "x-2.0-0"}),
    ({"package": None, "version": None, "basename": None}, ALL), ({}, ALL)])
def test_exactly_what_is_named_gets_a_label_and_loses_it(acme, choice, changed):
    acme.label("Rel/Next", **choice).expect(201)
    assert acme.files("rel/next") == changed
    assert acme.files() == ALL
    acme.label("rel/next", **choice).expect(201)      # again
    if choice.get("package"):
        acme.label("main", "DELETE", **choice).expect(201)
        assert acme.files() == ALL - changed
        assert acme.files("rel/next") == changed
    verify(acme.server)


def test_a_move_of_one_version_moves_only_it(acme):
    """As `anaconda move` does it: added there, then removed here."""
    for method, label in (("POST", "beta"), ("DELETE", "main")):
        acme.label(label, method, package="x", version="2.0", basename=None).expect(201)
    assert acme.files() == ALL - {"x-2.0-0"}
    assert acme.files("beta") == {"x-2.0-0"}


def test_a_file_without_labels_is_on_its_page_and_in_no_channel(acme, server):
    acme.label("main", "DELETE", package="y").expect(201)
    anybody = server.client()
    assert acme.files() == ALL - {"y-1.0-0"}
    shown, = anybody.get(f"/api/package/{acme.login}/y").expect(200).json()["files"]
    assert (shown["basename"], shown["labels"]) == ("noarch/y-1.0-0.conda", [])
    anybody.get(f"/api/download/{acme.login}/y/1.0/noarch/y-1.0-0.conda").expect(200)
    anybody.get(f"/conda/{acme.login}/noarch/y-1.0-0.conda").expect(404)
    acme.label("main", package="y").expect(201)
    anybody.get(f"/conda/{acme.login}/noarch/y-1.0-0.conda").expect(200)


@pytest.mark.parametrize("choice, status, said", [
    ({"version": "1.0"}, 422, 'version "1.0" is of no package'),
    ({"package": "x", "basename": "noarch/x-1.0-0.conda"}, 422, "is of no release"),
    ({"package": ""}, 422, "package"),
    ({"pakage": "x"}, 422, '"pakage" names no files'),
    ({"package": 5}, 422, "package"),
    ({"package": "z"}, 404, "there is no package"),
    ({"package": "x", "version": "3.0"}, 404, "there is no release"),
    ({"package": "x", "version": "1.0", "basename": "noarch/x-1.0-9.conda"}, 404, "there is no file")])
def test_what_names_nothing_changes_nothing(acme, choice, status, said):
    for method in ("POST", "DELETE"):
        assert said in acme.label("main", method, **choice).expect(status).error
    assert acme.files() == ALL


def test_names_of_labels_have_rules(acme):
    for label in ("1a", "noarch", "a/t/b", "x/lock/y", "copy", "_a"):
        assert "label" in acme.label(label, package="x").expect(400).error
    assert acme.label("none", "DELETE", package="x").expect(404).error == (
        f'"{acme.login}" has no label "none"')


# --- whole labels -------------------------------------------------------------------------------


def test_a_label_is_listed_copied_and_removed(acme, server):
    anybody = server.client()
    acme.label("team/dev", package="x", version="1.0").expect(201)
    labels = f"/api/channels/{acme.login}"
    acme.alice.post(f"{labels}/team/dev/copy/team/copied").expect(201)
    assert acme.files("team/copied") == {"x-1.0-0", "x-1.0-1"}
    acme.alice.post(f"{labels}/none/copy/team/copied").expect(404)
    assert anybody.get(labels).expect(200).json() == {
        it: {"is_locked": False} for it in ("main", "team/dev", "team/copied")}
    counts = anybody.get(f"/api/v1/labels/{acme.login}").expect(200).json()["labels"]
    assert counts == [{"name": name, "locked": False, "files": files, "packages": number}
                      for name, files, number in (("main", 4, 2), ("team/copied", 2, 1),
                                                  ("team/dev", 2, 1))]
    acme.label("team/dev", "DELETE", package=None, version=None, basename=None).expect(201)
    assert acme.files("team/dev") is None
    assert acme.files("team/copied") == {"x-1.0-0", "x-1.0-1"}
    assert acme.files() == ALL
    acme.label("team/dev", "DELETE").expect(404)
    said = acme.label("main", "DELETE").expect(409).error
    assert said == 'the label "main" is always there; name the packages that it is to be taken from'
    assert acme.files() == ALL
    verify(server)


def test_a_label_is_made_before_anything_has_it(acme, server):
    for _ in range(2):
        acme.alice.request("PUT", f"/api/v1/labels/{acme.login}/Empty").expect(204)
    assert acme.alice.get(f"/api/channels/{acme.login}/empty").expect(200).json() == {
        "name": "empty", "is_locked": False, "files": []}
    server.client().get(f"/api/channels/{acme.login}/empty").expect(404)    # nobody's business yet


def test_the_files_of_a_label_come_page_by_page(acme, server):
    path, found, after = f"/api/v1/labels/{acme.login}/main?limit=3", [], ""
    pages = 0
    while after is not None:
        page = server.client().get(path + (f"&before={after}" if after else "")).expect(200).json()
        found += page["files"]
        after, pages = page["next"], pages + 1
    assert pages == 2
    assert [it["basename"] for it in found] == [
        f"noarch/{it}.conda" for it in ("y-1.0-0", "x-2.0-0", "x-1.0-1", "x-1.0-0")]
    assert found[0]["labels"] == ["main"] and found[0]["type"] == "conda"
    for query, said in (("limit=0", "limit"), ("limit=9999", "limit"), ("before=x", "before"),
                        ("page=2", "page")):
        assert said in server.client().get(
            f"/api/v1/labels/{acme.login}/main?{query}").expect(422).error


# --- locks --------------------------------------------------------------------------------------


LOCKED = 'the label "prod" is locked: what carries it cannot change before it is unlocked'


def test_a_locked_label_refuses_every_change(acme, server):
    """With 403: to a 409 older clients say that the file is there, and `copy` that it is in the way."""
    labels, x = f"/api/channels/{acme.login}", f"{acme.login}/x"
    acme.label("prod", package="x", version="1.0").expect(201)
    acme.alice.post(f"{labels}/prod/lock").expect(201)
    acme.alice.post(f"{labels}/prod/lock").expect(201)
    assert acme.alice.get(f"{labels}/prod").json()["is_locked"]
    file = {"package": "x", "version": "1.0", "basename": "noarch/x-1.0-0.conda"}
    bulk = f"/api/v1/files/{acme.login}"
    for method, path, body in (
            ("POST", f"{labels}/prod", {"package": "y"}), ("DELETE", f"{labels}/prod", file),
            ("DELETE", f"{labels}/prod", {}), ("POST", f"{labels}/main/copy/prod", None),
            ("DELETE", f"/api/dist/{x}/1.0/noarch/x-1.0-0.conda", None),
            ("DELETE", f"/api/release/{x}/1.0", None), ("DELETE", f"/api/package/{x}", None),
            ("POST", f"/api/copy/package/{x}/2.0/", {"to_owner": acme.login, "to_channel": "prod"}),
            ("POST", f"{bulk}/labels", {"files": [file], "add": ["beta"], "remove": ["prod"]}),
            ("POST", f"{bulk}/removals", {"files": [file]}),
            ("POST", f"{bulk}/copies", {"files": [{"package": "y"}], "to_owner": acme.login,
                                        "to_label": "prod"})):
        assert acme.alice.request(method, path, json_body=body).expect(403).error == LOCKED, path
    with pytest.raises(Refused) as why:
        acme.publish("z", "1.0", "0", ["main", "prod"])
    assert (why.value.step, why.value.answer.status, why.value.answer.error) == ("stage", 403, LOCKED)
    assert acme.files("prod") == {"x-1.0-0", "x-1.0-1"} and acme.files() == ALL
    acme.publish("x", "1.0", "0", ["prod"])         # the same bytes: no change
    acme.alice.delete(f"/api/release/{x}/2.0").expect(201)
    acme.alice.delete(f"{labels}/prod/lock").expect(201)
    acme.alice.delete(f"/api/package/{x}").expect(201)
    assert acme.files("prod") == set()
    verify(server)


def test_who_may_write_may_not_unlock(acme):
    group = f"/api/group/{acme.login}"
    for name, login in (("write", "bob"), ("admin", "carol")):
        acme.alice.post(f"{group}/{name}", {"perms": name, "all_packages": True}).expect(204)
        acme.alice.request("PUT", f"{group}/{name}/members/{login}").expect(204)
    bob, carol = acme.as_("bob"), acme.as_("carol")
    lock = f"/api/channels/{acme.login}/main/lock"
    carol.post(lock).expect(201)
    assert "is locked" in acme.label("main", client=bob, package="y").expect(403).error
    bob.delete(lock).expect(403)
    carol.delete(lock).expect(201)
    acme.label("main", client=bob, package="y").expect(201)


# --- rights and sight ---------------------------------------------------------------------------


def test_each_package_of_a_request_is_asked_for(acme):
    """A collaborator changes its package, and nothing beside it; a token no more than its limits."""
    path = f"/api/packages/{acme.login}/x/collaborators/dave"
    acme.alice.request("PUT", path).expect(201)
    dave = acme.as_("dave")
    acme.label("dev", client=dave, package="x", version="2.0").expect(201)
    said = acme.label("dev", client=dave, package="y").expect(403).error
    assert said == f'"dave" may not publish or change "{acme.login}/y"'
    acme.label("dev", client=dave).expect(403)
    acme.label("dev", "DELETE", client=dave).expect(403)
    dave.post(f"/api/channels/{acme.login}/dev/copy/prod").expect(403)
    dave.request("PUT", f"/api/v1/labels/{acme.login}/prod").expect(403)
    answer = dave.post(f"/api/v1/files/{acme.login}/labels", {
        "files": [{"package": "x"}, {"package": "y"}], "add": ["dev"]}).expect(403)
    assert [it["index"] for it in answer.json()["errors"]] == [1]
    ci = acme.as_("alice", limits={"packages": [f"{acme.login}/x"], "labels": ["dev"]})
    acme.label("dev", client=ci, package="x", version="1.0").expect(201)
    for label, choice in (("prod", {"package": "x"}), ("dev", {"package": "y"}), ("dev", {})):
        assert "limited to" in acme.label(label, client=ci, **choice).expect(403).error
    acme.label("dev", client=acme.as_("alice", scopes=["conda:upload"]), package="x").expect(403)
    assert acme.files("dev") == {"x-1.0-0", "x-1.0-1", "x-2.0-0"}


def test_a_label_shows_each_caller_what_is_his_to_see(acme, server, people):
    """By its pages, and by its counts; a label of what is hidden is not there at all."""
    for name, access in (("x", "private"), ("y", "authenticated")):
        acme.alice.request("PUT", f"/api/v1/packages/{acme.login}/{name}/access",
                           json_body={"access": access}).expect(204)
    acme.publish("pub", "1.0", "0")
    acme.label("hush", package="x").expect(201)
    acme.alice.request("PUT", f"/api/packages/{acme.login}/x/collaborators/dave",
                       json_body={"permission": "read"}).expect(201)
    limited = acme.as_("alice", limits={"labels": ["hush"]})
    pub, x, y = {"pub-1.0-0"}, {"x-1.0-0", "x-1.0-1", "x-2.0-0"}, {"y-1.0-0"}
    for client, main, hush in ((server.client(), pub, None), (acme.as_("bob"), pub | y, None),
                               (acme.as_("dave"), pub | x | y, x), (acme.alice, pub | x | y, x),
                               (limited, pub, x)):
        assert acme.files("main", client) == main
        assert acme.files("hush", client) == hush
        listed = client.get(f"/api/v1/labels/{acme.login}").expect(200).json()["labels"]
        wanted = {"main": len(main)} | ({} if hush is None else {"hush": len(hush)})
        assert {it["name"]: it["files"] for it in listed} == wanted
        page = client.get(f"/api/v1/labels/{acme.login}/main?limit=1").expect(200).json()
        assert len(page["files"]) == 1
    for path in ("channels", "v1/labels"):
        hidden = acme.as_("bob").get(f"/api/{path}/{acme.login}/hush").expect(404)
        absent = acme.as_("bob").get(f"/api/{path}/{acme.login}/none").expect(404)
        assert hidden.body.replace(b"hush", b"none") == absent.body


def test_a_stranger_learns_of_no_package_by_labels(acme):
    acme.alice.request("PUT", f"/api/v1/packages/{acme.login}/x/access",
                       json_body={"access": "private"}).expect(204)
    bob = acme.as_("bob")
    for path, body in ((f"/api/channels/{acme.login}/dev", {}),
                       (f"/api/v1/files/{acme.login}/labels", {"add": ["dev"]}),
                       (f"/api/v1/files/{acme.login}/removals", {})):
        def ask(name):
            choice = {"package": name, "version": "1.0", "basename": f"noarch/{name}-1.0-0.conda"}
            sent = {**body, "files": [choice]} if "files" in path else choice
            answer = bob.post(path, sent).expect(403)
            return answer.body.replace(f"/{name}".encode(), b"/NAME")
        assert ask("x") == ask("q")


# --- many files at once -------------------------------------------------------------------------


def test_labels_of_many_files_change_at_once(acme, server):
    choices = [{"package": "x", "version": "1.0", "basename": "noarch/x-1.0-0.conda"},
               {"package": "y"}]
    path = f"/api/v1/files/{acme.login}/labels"
    answer = acme.alice.post(path, {"files": choices, "add": ["beta", "rc"], "remove": ["main"]})
    full = [{"package": None, "version": None, "basename": None, **it} for it in choices]
    assert answer.expect(200).json() == {
        "files": [{**it, "added": 2, "removed": 1} for it in full]}
    assert acme.files() == {"x-1.0-1", "x-2.0-0"}
    assert acme.files("beta") == acme.files("rc") == {"x-1.0-0", "y-1.0-0"}
    again = acme.alice.post(path, {"files": choices, "add": ["beta"], "remove": ["main"]})
    assert [(it["added"], it["removed"]) for it in again.expect(200).json()["files"]] == [(0, 0)] * 2
    verify(server)


def test_one_wrong_choice_of_many_undoes_all(acme):
    path, y = f"/api/v1/files/{acme.login}", {"package": "y", "version": "1.0",
                                              "basename": "noarch/y-1.0-0.conda"}
    bad = [y, {**y, "basename": "noarch/y-1.0-7.conda"}, {**y, "package": "z"}]
    for name, more in (("labels", {"add": ["beta"]}), ("removals", {}),
                       ("copies", {"to_owner": acme.login, "to_label": "beta"})):
        answer = acme.alice.post(f"{path}/{name}", {"files": bad, **more}).expect(404)
        assert answer.error == f'there is no file "{acme.login}/y/1.0/noarch/y-1.0-7.conda"'
        assert answer.json()["errors"] == [
            {"index": 1, "detail": answer.error},
            {"index": 2, "detail": f'there is no package "{acme.login}/z"'}]
    for body, field in (({"files": []}, "files"), ({}, "files"), ({"files": [y]}, "add"),
                        ({"files": [y], "add": ["a"] * 21}, "add"),
                        ({"files": [y] * 1001, "add": ["a"]}, "files"),
                        ({"files": [y], "add": ["beta"], "remove": ["main", "main/x"]}, None)):
        answer = acme.alice.post(f"{path}/labels", body).expect(404 if field is None else 422)
        assert answer.json().get("field") == field
    acme.alice.post(f"{path}/labels", {"files": [y], "add": ["Main"], "remove": ["main"]}).expect(422)
    acme.alice.post(f"{path}/removals", {"files": [y, {"package": "x"}]}).expect(422)
    assert acme.files() == ALL and acme.files("beta") is None


def test_many_files_are_removed_at_once(acme, server):
    choices = [{"package": name, "version": version, "basename": f"noarch/{name}-{version}-0.conda"}
               for name, version in (("x", "2.0"), ("y", "1.0"))]
    done = acme.alice.post(f"/api/v1/files/{acme.login}/removals", {"files": choices}).expect(200)
    assert done.json() == {"files": choices}
    assert acme.files() == {"x-1.0-0", "x-1.0-1"}
    anybody = server.client()
    shown = anybody.get(f"/api/package/{acme.login}/x").expect(200).json()
    assert shown["latest_version"] == "1.0"
    assert anybody.get(f"/api/package/{acme.login}/y").expect(200).json()["files"] == []
    verify(server)


def test_a_file_is_removed_by_its_number(acme, server):
    paged = server.client().get(f"/api/v1/labels/{acme.login}/main").expect(200).json()["files"]
    number = {it["basename"]: it["id"] for it in paged}["noarch/x-1.0-1.conda"]
    path = f"/api/dist/{acme.login}"
    for wrong in (f"x/2.0/-/{number}", f"y/1.0/-/{number}", "x/1.0/-/999999", "x/1.0/-/x"):
        acme.alice.delete(f"{path}/{wrong}").expect(404)
    removed = acme.alice.delete(f"{path}/x/1.0/-/{number}").expect(200).json()
    assert removed["basename"] == "noarch/x-1.0-1.conda"
    assert acme.files() == ALL - {"x-1.0-1"}


# --- updates ------------------------------------------------------------------------------------


def test_attributes_are_updated_and_stay(acme, server):
    def shown(path):
        return server.client().get(f"/api/{path}").expect(200).json()
    package, release = f"package/{acme.login}/x", f"release/{acme.login}/x/1.0"
    answer = acme.alice.request("PATCH", f"/api/{package}", json_body={
        "public_attrs": {"summary": "Ours.", "license": "MIT", "home": None}}).expect(200)
    assert answer.json()["summary"] == "Ours."
    acme.publish("x", "3.0", "0")
    assert shown(package)["summary"] == "Ours." and shown(package)["latest_version"] == "3.0"
    assert shown(package)["public_attrs"]["license"] == "MIT"
    acme.alice.request("PATCH", f"/api/{package}", json_body={
        "public_attrs": {"summary": None}}).expect(200)
    assert shown(package)["summary"] == "made for a test"
    acme.alice.request("PATCH", f"/api/{release}", json_body={
        "public_attrs": {"description": "First."}}).expect(200)
    assert shown(release)["public_attrs"]["description"] == "First."
    for path, body in ((package, {}), (package, {"public_attrs": []}), (release, {}),
                       (release, {"public_attrs": {"summary": 5}})):
        acme.alice.request("PATCH", f"/api/{path}", json_body=body).expect(422)
    for path in (f"package/{acme.login}/q", f"release/{acme.login}/x/9"):
        acme.alice.request("PATCH", f"/api/{path}", json_body={"public_attrs": {}}).expect(404)


def test_replacing_the_only_file_keeps_the_package_with_its_settings(acme, server):
    """`upload --force` deletes the file and sends another."""
    path = f"/api/packages/{acme.login}/y/collaborators"
    acme.alice.request("PUT", f"{path}/dave").expect(201)
    acme.alice.request("PUT", f"/api/v1/packages/{acme.login}/y/access",
                       json_body={"access": "private"}).expect(204)
    acme.alice.request("PATCH", f"/api/package/{acme.login}/y",
                       json_body={"public_attrs": {"summary": "Kept."}}).expect(200)
    acme.alice.delete(f"/api/dist/{acme.login}/y/1.0/noarch/y-1.0-0.conda").expect(200)
    empty = acme.alice.get(f"/api/package/{acme.login}/y").expect(200).json()
    assert (empty["files"], [it["version"] for it in empty["releases"]]) == ([], ["1.0"])
    acme.publish("y", "1.0", "0", depends=["python"])
    shown = acme.alice.get(f"/api/package/{acme.login}/y").expect(200).json()
    assert (shown["access"], shown["summary"], len(shown["files"])) == ("private", "Kept.", 1)
    assert [it["login"] for it in acme.alice.get(path).expect(200).json()] == ["dave"]
