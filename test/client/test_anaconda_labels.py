"""The unmodified anaconda-client, old and new: labels, copies, moves, updates, removals, and packages,
word for word."""
import itertools
import json
import re

import pytest

from support import channel, packages, stores
from support.anaconda import Anaconda, versions
from support.publish import Upload
from support.venvs import find_venv

# What stores have to do with it, test/api shows on each of them.
pytestmark = pytest.mark.once
ALL = versions()
EDGES = [ALL[0], ALL[-1]]       # between which the answers to what is wrong are printed alike
NUMBERS = itertools.count()
if stores.STORES != stores.EMBEDDED:    # which no difference between the versions reaches
    ALL = EDGES


class Person:
    """A user of one version, whose client has a token, with an organization of his own."""

    def __init__(self, version, server, account, folder, tiny):
        self.login = f"p{next(NUMBERS)}"
        self.org = f"org-{self.login}"
        self.server, self.tiny = server, tiny
        token = account(self.login).token()
        self.client = server.client(token=token)
        self.client.post("/api/v1/organizations", {"login": self.org}).expect(201)
        self.anaconda = Anaconda(find_venv(f".venv-anaconda-client-{version}"), version,
                                 folder / self.login, server.url + "/api")
        self.anaconda.program += ["-t", token]
        self.new = self.anaconda.version >= (1, 3)
        # The oldest has options of both words, and looks at the elder alone.
        self.source, self.target = ("--from-label", "--to-label") if self.new else (
            "--from-channel", "--to-channel")

    def does(self, *words, **how):
        """Succeeds; the lines that it prints, on whichever stream."""
        return self.printed(self.anaconda(*words, **how).ok())

    def refused(self, *words, **how):
        said = self.anaconda(*words, **how)
        assert said.code == 1, (words, said)
        return self.printed(said)

    @staticmethod
    def printed(said):
        return [line.rstrip() for line in (said.out + said.err).splitlines()
                if line.strip() and not line.startswith("Using Anaconda")]

    def failure(self, status, message):
        """The line in which the client tells what the server answered."""
        name = "ERROR" if self.new else {404: "NotFound", 409: "Conflict"}.get(status, "BinstarError")
        return f"[{name}] {(message, status)!r}"

    def publish(self, name, version="1.0", build="0", owner=None, **index):
        path = self.tiny(name, version, build, extension=".tar.bz2", **index)
        Upload(self.client, owner or self.login, packages.describe(path)).run()
        return path

    def files(self, label="main", owner=None):
        base = f"/conda/{owner or self.login}" + ("" if label == "main" else f"/label/{label}")
        answer = self.client.get(f"{base}/noarch/repodata.json")
        if answer.status == 404:
            return None
        names = channel.listed(self.client, base, "noarch")
        return {name.removesuffix(".tar.bz2") for name in names}


@pytest.fixture(params=ALL)
def person(request, server, account, tmp_path, tiny):
    return Person(request.param, server, account, tmp_path, tiny)


def publish_x(person):
    for version, build in (("1.0", "0"), ("1.0", "1"), ("2.0", "0")):
        person.publish("x", version, build)
    return person


@pytest.fixture
def with_x(person):
    """x 1.0 in two builds and x 2.0."""
    return publish_x(person)


@pytest.fixture(params=EDGES)
def bare_edge(request, server, account, tmp_path, tiny):
    return Person(request.param, server, account, tmp_path, tiny)


@pytest.fixture
def edge(bare_edge):
    """The same as with_x, of the oldest and the newest version."""
    return publish_x(bare_edge)


X = {"x-1.0-0", "x-1.0-1", "x-2.0-0"}
LOCKED = 'the label "dev/x" is locked: what carries it cannot change before it is unlocked'


# --- label --------------------------------------------------------------------------------------


def test_labels_are_listed_shown_copied_locked_and_removed(with_x):
    it = with_x
    title = "Label" if it.new else "Labels"
    mark = "dev/x[locked]" if it.new else "dev/x [locked]"
    assert it.does("label", "--list") == [title, " + main"]
    assert it.does("label", "--copy", "main", "dev/x") == ["Copied label main to dev/x"]
    assert it.does("label", "--show", "dev/x") == ["Label dev/x"] + [
        f"  + {it.login}/x/{path}.tar.bz2" for path in (
            "1.0/noarch/x-1.0-0", "1.0/noarch/x-1.0-1", "2.0/noarch/x-2.0-0")]
    assert it.does("label", "--lock", "dev/x") == ["Label dev/x is now locked"]
    assert it.does("label", "--list", "-o", it.login) == [title, f" + {mark}", " + main"]
    assert it.does("label", "--show", "dev/x")[0] == "Label dev/x [locked]"
    for words in (("--remove", "dev/x"), ("--copy", "main", "dev/x")):
        assert it.refused("label", *words) == [it.failure(403, LOCKED)]
    assert it.files("dev/x") == X
    assert it.does("label", "--unlock", "dev/x") == ["Label dev/x is now unlocked"]
    assert it.does("label", "--remove", "dev/x") == ["Removed label dev/x"]
    assert it.files("dev/x") is None and it.files() == X


def test_what_is_wrong_with_labels_is_told(edge):
    it = edge
    missing = it.failure(404, f'"{it.login}" has no label "none"')
    for words in (("--show", "none"), ("--remove", "none"), ("--lock", "none"), ("--unlock", "none"),
                  ("--copy", "none", "dev")):
        assert it.refused("label", *words) == [missing]
    assert it.refused("label", "--remove", "main") == [it.failure(
        409, 'the label "main" is always there; name the packages that it is to be taken from')]
    assert it.refused("label", "--copy", "main", "1st") == [it.failure(
        400, 'label "1st" does not begin with a letter')]
    assert it.refused("label", "--copy", "main", "x/lock/y") == [it.failure(
        400, 'label "x/lock/y" has the part "lock" or "copy", which stand behind labels in addresses')]
    assert it.refused("label", "--list", "-o", "nobody")[-1] == it.failure(
        404, 'there is no account "nobody"')
    assert it.files() == X


def test_the_old_word_for_labels(edge):
    it = edge
    warning = ("[WARNING] These options are deprecated and will be removed in 2.0.0. Use \"anaconda "
               "label\" instead.") if it.anaconda.version >= (1, 13) else (
        "[WARNING] channel command is deprecated in favor of label")
    title = "Channel" if it.new else "Channels"
    assert sorted(it.does("channel", "--list")) == sorted([warning, title, " + main"])
    assert sorted(it.does("channel", "--copy", "main", "beta")) == sorted(
        [warning, "Copied channel main to beta"])
    assert it.files("beta") == X


def test_others_read_labels_and_change_none(edge, server, account, tmp_path, tiny):
    it = edge
    other = Person(".".join(map(str, it.anaconda.version)), server, account, tmp_path, tiny)
    assert other.does("label", "--list", "-o", it.login)[1:] == [" + main"]
    assert len(other.does("label", "--show", "main", "-o", it.login)) == 4
    said = other.failure(403, f'"{other.login}" may not publish or change anything under "{it.login}"')
    for words in (("--copy", "main", "dev"), ("--remove", "main")):
        assert other.refused("label", *words, "-o", it.login) == [said]
    said = other.failure(403, f'"{other.login}" may not administer "{it.login}"')
    assert other.refused("label", "--lock", "main", "-o", it.login) == [said]
    assert it.files() == X


def test_an_upload_to_a_locked_label_is_told(edge):
    """By the oldest in the midst of a traceback of its own."""
    it = edge
    it.does("label", "--lock", "main")
    message = 'the label "main" is locked: what carries it cannot change before it is unlocked'
    fresh = it.tiny("y", extension=".tar.bz2")
    assert f"({message!r}, 403)" in "\n".join(it.refused("upload", fresh))
    it.client.get(f"/api/dist/{it.login}/y/1.0/noarch/{fresh.name}").expect(404)
    other = it.tiny("x", "1.0", "0", extension=".tar.bz2", depends=["other"])
    assert f"({message!r}, 403)" in "\n".join(it.refused("upload", "--force", other))
    assert it.files() == X
    it.does("label", "--unlock", "main")
    it.does("upload", fresh)
    assert it.files() == X | {"y-1.0-0"}


# --- copy ---------------------------------------------------------------------------------------


def copied(it, names, more=()):
    """What `copy` prints: with newer clients each file goes to another stream than the sum."""
    note = "!" if it.new else ""
    lines = [f"Copied file: noarch/{name}.tar.bz2" for name in names]
    return [*lines, f"Copied {len(names)} files{note}", *more]


def test_files_are_copied_between_owners_and_labels(with_x):
    it = with_x
    spec, both = f"{it.login}/x/1.0", ["x-1.0-0", "x-1.0-1"]
    assert it.does("copy", spec, it.target, "new") == copied(it, both)
    assert it.files("new") == set(both) and it.files() == X
    assert it.does("copy", spec, "--to-owner", it.org) == copied(it, both)
    assert it.does("copy", spec, "--to-owner", it.org) == copied(it, both)      # the same bytes
    assert it.files(owner=it.org) == set(both)
    assert it.does("copy", f"{spec}/noarch/x-1.0-1.tar.bz2", it.source, "new", "--to-owner", it.org,
                   it.target, "Rel/One") == copied(it, ["x-1.0-1"])
    assert it.files("rel/one", it.org) == {"x-1.0-1"}
    it.does("remove", "-f", f"{it.login}/x")
    assert it.files() == set() and it.files(owner=it.org) == set(both)
    (it.anaconda.home / "noarch").mkdir()
    it.anaconda("download", f"{it.org}/x")
    for name in both:
        path = it.anaconda.home / "noarch" / f"{name}.tar.bz2"
        assert packages.sha256_of(path) == packages.sha256_of(
            it.tiny("x", "1.0", name[-1], extension=".tar.bz2"))


def test_a_conflict_of_copies_and_its_two_ways_out(edge):
    it = edge
    spec = f"{it.login}/x/1.0"
    other = it.publish("x", "1.0", "0", it.org, depends=["other"])
    said = it.refused("copy", spec, "--to-owner", it.org)
    if it.anaconda.version < (1, 8):
        assert said == [it.failure(409, f'the file "{it.org}/x/1.0/noarch/{other.name}" exists already, '
                                        "with other content; nothing was copied")]
        return
    assert len(said) == 1 and "File conflict while copying! Try to use --replace or --update" in said[0]
    assert it.files(owner=it.org) == {"x-1.0-0"}
    note = ("NOTE: copy command with --update option doesn`t copy already existing files. Try to use "
            "--replace to overwrite existing data")
    assert it.does("copy", "--update", spec, "--to-owner", it.org) == [
        "Copied file: noarch/x-1.0-1.tar.bz2", "Copied 1 files!", note]
    sha256 = channel.listed(it.client, f"/conda/{it.org}", "noarch")["x-1.0-0.tar.bz2"]["sha256"]
    assert sha256 != channel.listed(it.client, f"/conda/{it.login}", "noarch")["x-1.0-0.tar.bz2"]["sha256"]
    assert it.does("copy", "--replace", spec, "--to-owner", it.org) == copied(
        it, ["x-1.0-0", "x-1.0-1"])
    there, here = (channel.listed(it.client, f"/conda/{owner}", "noarch")
                   for owner in (it.org, it.login))
    assert there == {name: record for name, record in here.items() if "-1.0-" in name}
    assert it.does("copy", "--update", spec, "--to-owner", it.org) == ["Copied 0 files!", note]


def test_what_is_wrong_with_copies_is_told(edge):
    it = edge
    if it.new:
        lines = it.refused("copy", f"{it.login}/x/1.0", "--from-label", "none")
        assert lines == ["[ERROR] Label none does not exist", "\tplease choose from: main"]
    for spec, message in (("x/9", f'there is no release "{it.login}/x/9"'),
                          ("q/1.0", f'there is no package "{it.login}/q"'),
                          ("x/1.0/noarch/x-1.0-7.tar.bz2",
                           f'there is no file "{it.login}/x/1.0/noarch/x-1.0-7.tar.bz2"')):
        assert it.refused("copy", f"{it.login}/{spec}", "--to-owner", it.org) == [
            it.failure(404, message)]
    assert it.refused("copy", f"{it.login}/x/1.0", "--to-owner", "nobody") == [
        it.failure(403, f'"{it.login}" may not publish or change "nobody/x"')]
    it.does("label", "--copy", "main", "prod")
    it.does("label", "--lock", "prod")
    assert it.refused("copy", f"{it.login}/x/1.0", it.target, "prod") == [it.failure(
        403, 'the label "prod" is locked: what carries it cannot change before it is unlocked')]
    said = it.does("copy", f"{it.login}/x/1.0", "--to-owner", it.org, it.source, "prod")
    assert said == copied(it, ["x-1.0-0", "x-1.0-1"])


# --- move, update -------------------------------------------------------------------------------


@pytest.fixture(params=ALL[1:])
def modern(request, server, account, tmp_path, tiny):
    """The same as with_x; the oldest version has none of these commands."""
    return publish_x(Person(request.param, server, account, tmp_path, tiny))


def test_a_move_moves_what_is_named(modern):
    it = modern

    def move(spec, source, target):
        return it.does("move", f"{it.login}/{spec}", "--from-label", source, "--to-label", target)
    assert move("x/2.0", "MAIN", "Beta") == []
    assert it.files() == {"x-1.0-0", "x-1.0-1"} and it.files("beta") == {"x-2.0-0"}
    assert move("x/1.0/noarch/x-1.0-1.tar.bz2", "main", "beta") == []
    assert it.files() == {"x-1.0-0"} and it.files("beta") == {"x-1.0-1", "x-2.0-0"}
    assert move("x", "beta", "main") == []
    assert it.files() == X and it.files("beta") == set()


@pytest.mark.parametrize("modern", ALL[-1:], indirect=True)
def test_a_move_that_cannot_be_is_told_and_changes_nothing(modern):
    """With exit status 0, and a traceback: that is the client."""
    it = modern
    it.does("label", "--copy", "main", "dev/x")
    it.does("label", "--lock", "dev/x")
    said = it.does("move", f"{it.login}/x/1.0", "--from-label", "dev/x", "--to-label", "main")
    assert said.count(it.failure(403, LOCKED)) == 1 and it.files("dev/x") == X
    said = it.does("move", f"{it.login}/x/9", "--from-label", "main", "--to-label", "beta")
    assert said.count(it.failure(404, f'there is no release "{it.login}/x/9"')) == 2
    assert it.refused("move", f"{it.login}/x/1.0", "--from-label", "none", "--to-label", "beta") == [
        "[ERROR] Label none does not exist", "\tplease choose from: dev/x, main"]
    assert it.files() == X and it.files("beta") is None
    # To a locked label: what was to be moved is under none then, as the client takes it away.
    said = it.does("move", f"{it.login}/x/2.0", "--from-label", "main", "--to-label", "dev/x")
    assert said.count(it.failure(403, LOCKED)) == 1
    assert it.files() == X - {"x-2.0-0"} and it.files("dev/x") == X


def test_updates_of_packages_and_releases(modern):
    it = modern

    def write(name, text):
        path = it.anaconda.home / name
        path.write_text(text)
        return path

    def shown(path):
        return it.client.get(f"/api/{path}").expect(200).json()
    plain = write("m.json", json.dumps({"summary": "Ours.", "license": "MIT", "home": None}))
    wrapped = write("m.yml", "public_attrs:\n  description: First.\n  license: null\n")
    name = f"{it.login}/x"
    assert it.does("update", name, plain) == [f"Package `{name}` has been updated!"]
    assert it.does("update", "--release", f"{name}/1.0", wrapped) == [
        f"Package `{name}/1.0` has been updated!"]
    assert shown(f"package/{name}")["public_attrs"]["license"] == "MIT"
    assert "Summary: Ours." in it.does("show", name)
    assert it.does("show", f"{name}/1.0")[-1] == "First."
    it.publish("x", "3.0")
    assert "Summary: Ours." in it.does("show", name)
    file = it.tiny("x", "3.0", extension=".tar.bz2", license="GPL-3.0-only")
    assert it.does("update", name, file) == [f"Package `{name}` has been updated!"]
    assert shown(f"package/{name}")["summary"] == "made for a test"
    for words, message in (((f"{it.login}/q", plain), f'there is no package "{it.login}/q"'),
                           (("--release", f"{name}/9", plain), f'there is no release "{name}/9"')):
        assert it.refused("update", *words) == [it.failure(404, message)]
    wrong = write("wrong.json", json.dumps({"summary": ["x"]}))
    assert it.refused("update", name, wrong) == [
        it.failure(422, '"summary" must be a text, or null to take it back')]
    assert it.refused("update", "nobody/x", plain) == [
        it.failure(403, f'"{it.login}" may not publish or change "nobody/x"')]


def test_an_upload_may_bring_the_metadata_up_to_date(modern):
    it = modern
    it.client.request("PATCH", f"/api/release/{it.login}/x/1.0", json_body={
        "public_attrs": {"license": "old", "own": "kept"}}).expect(200)
    it.does("upload", "-m", it.tiny("x", "1.0", "7", extension=".tar.bz2"))
    attrs = it.client.get(f"/api/release/{it.login}/x/1.0").expect(200).json()["public_attrs"]
    assert attrs["own"] == "kept" and attrs["version"] == "1.0" and attrs.get("license") != "old"


# --- remove -------------------------------------------------------------------------------------


def test_removals_ask_and_force_goes_on(edge):
    it = edge
    name = f"{it.login}/x"
    file = f"{name}/1.0/noarch/x-1.0-0.tar.bz2"
    for spec, question in ((file, f"Are you sure you want to remove file {file} ? [y|N]:"),
                           (f"{name}/1.0", f"Are you sure you want to remove the package release "
                                           f"{name}/1.0 ? (and all files under it?) [y|N]:"),
                           (name, f"Are you sure you want to remove the package {name} ? "
                                  "(and all data with it?) [y|N]:")):
        said = it.does("remove", spec, stdin="n\n")
        assert question in said[0] and any("Not removing" in line for line in said)
    assert it.files() == X
    it.does("remove", file, stdin="y\n")
    assert it.files() == X - {"x-1.0-0"}
    said = it.does("remove", "-f", f"{name}/1.0/noarch/gone.tar.bz2", f"{name}/9", f"{it.login}/q",
                   f"{name}/1.0")
    text = " ".join(said)
    for message in (f'there is no file "{name}/1.0/noarch/gone.tar.bz2"',
                    f'there is no release "{name}/9"', f'there is no package "{it.login}/q"'):
        assert message in text
    assert it.files() == {"x-2.0-0"}
    assert it.refused("remove", f"{it.login}/q", stdin="y\n")[-1] == it.failure(
        404, f'there is no package "{it.login}/q"')
    assert it.does("remove", "-f", name) == []
    it.client.get(f"/api/package/{name}").expect(404)


def test_a_forced_upload_of_the_only_file_keeps_the_package(bare_edge, account):
    it = bare_edge
    it.publish("only")
    helper = account(f"helper-{it.login}")
    name = f"{it.login}/only"
    it.does("package", "--add-collaborator", helper.login, name)
    it.client.request("PUT", f"/api/v1/packages/{name}/access", json_body={"access": "private"}
                      ).expect(204)
    it.does("upload", "--force", it.tiny("only", extension=".tar.bz2", depends=["other"]))
    assert it.does("package", "--list-collaborators", name) == [":Collaborators:", helper.login]
    shown = it.client.get(f"/api/package/{name}").expect(200).json()
    assert shown["access"] == "private"
    assert [file["attrs"]["depends"] for file in shown["files"]] == [["other"]]


# --- package ------------------------------------------------------------------------------------


def test_packages_are_made_and_shared(bare_edge, account):
    it = bare_edge
    name, helper = f"{it.login}/made", account(f"helper-{it.login}")
    assert it.does("package", "--create", "--summary", "A summary.", "--license", "MIT",
                   "--license-url", "https://m.example", name) == ["Package created!"]
    shown = it.client.get(f"/api/package/{name}").expect(200).json()
    assert (shown["summary"], shown["package_types"], shown["access"]) == (
        "A summary.", [], "public")
    license = shown["public_attrs"]["license"]
    assert (license["name"], license["url"]) == ("MIT", "https://m.example")
    assert it.does("package", "--list-collaborators", name) == [":Collaborators:"]
    assert it.does("package", "--add-collaborator", helper.login, name) == []
    assert it.does("package", "--list-collaborators", name) == [":Collaborators:", helper.login]
    assert it.refused("package", "--add-collaborator", "nobody", name) == [
        it.failure(404, 'there is no account "nobody"')]
    missing = it.failure(404, f'there is no package "{it.login}/q"')
    assert missing in it.refused("package", "--list-collaborators", f"{it.login}/q")
    assert it.refused("package", "--add-collaborator", helper.login, f"{it.login}/q") == [missing]
    said = it.refused("package", "--create", f"{it.login}/bad name")
    assert re.fullmatch(r"\[\w+\] \('package name \"bad name\" is not allowed: .*', 400\)", said[0])
    assert it.refused("package", "--create", "nobody/made") == [
        it.failure(403, f'"{it.login}" may not publish or change "nobody/made"')]
