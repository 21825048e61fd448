"""Packages that not everybody may see: on every surface, for every kind of caller."""
import itertools
import re
import statistics
import time

import pytest

from conftest import make_account
from support import channel, packages, surfaces
from support.publish import Upload
from support.server import routes, run
from support.site import verify

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def people(account):
    return {login: account(login) for login in ("alice", "bob", "carol", "dave", "eve")}


@pytest.fixture(scope="module")
def boss(account):
    return account("boss", superuser=True)


def as_(people, login):
    return people[login].by_token(f"token {next(NUMBERS)}")


@pytest.fixture
def acme(people, tiny):
    """A new organization of alice's with one package of each access, two of them private."""
    return World(people, f"org{next(NUMBERS)}", tiny)


class World:
    def __init__(self, people, login, tiny):
        self.people, self.login = people, login
        self.alice = as_(people, "alice")
        self.alice.post("/api/v1/organizations", {"login": login}).expect(201)
        self.made = {name: self.publish(name, access, tiny)
                     for name, access in (("pub", "public"), ("auth", "authenticated"),
                                          ("priv", "private"), ("hidden", "private"))}

    def publish(self, name, access, tiny, labels=(), version="1.0", **index):
        upload = Upload(self.alice, self.login, packages.describe(tiny(name, version, **index)),
                        list(labels))
        self.alice.post(f"/api/package/{self.login}/{name}", {"access": access}).expect(200)
        upload.run()
        return upload.package

    def set_access(self, name, access):
        self.alice.request("PUT", f"/api/v1/packages/{self.login}/{name}/access",
                           json_body={"access": access}).expect(204)

    def group(self, name, perms, *members, packages=(), **more):
        path = f"/api/group/{self.login}/{name}"
        self.alice.post(path, {"perms": perms, **more}).expect(204)
        for login in members:
            self.alice.request("PUT", f"{path}/members/{login}").expect(204)
        for package in packages:
            self.alice.request("PUT", f"{path}/packages/{package}").expect(204)

    def collaborator(self, login, package, permission=None):
        body = {"permission": permission} if permission else None
        self.alice.request("PUT", f"/api/packages/{self.login}/{package}/collaborators/{login}",
                           json_body=body).expect(201)

    def check(self, client, *names):
        seen = [self.made[name] for name in names]
        surfaces.check(client, self.login, list(self.made.values()), seen)


def test_who_sees_what(people, boss, acme, server):
    acme.group("readers", "read", "bob", all_packages=True)
    acme.group("some", "read", "carol", packages=["priv"])
    acme.collaborator("dave", "hidden", "read")
    acme.check(server.client(), "pub")
    acme.check(as_(people, "eve"), "pub", "auth")
    acme.check(as_(people, "carol"), "pub", "auth", "priv")
    acme.check(as_(people, "dave"), "pub", "auth", "hidden")
    for client in (acme.alice, as_(people, "bob"), boss.by_token()):
        acme.check(client, "pub", "auth", "priv", "hidden")


def test_an_access_changes_with_the_next_request(people, acme, server):
    eve, anybody = as_(people, "eve"), server.client()
    acme.set_access("pub", "private")
    acme.check(anybody)
    acme.check(eve, "auth")
    acme.set_access("priv", "authenticated")
    acme.check(anybody)
    acme.check(eve, "auth", "priv")
    acme.set_access("auth", "public")
    acme.set_access("hidden", "public")
    acme.check(anybody, "auth", "hidden")
    acme.check(eve, "auth", "hidden", "priv")
    acme.check(acme.alice, "pub", "auth", "hidden", "priv")


def test_what_was_served_of_a_package_goes_with_its_access(acme, server):
    """Its shard, too, though shards are kept for a week."""
    anybody = server.client()
    base = f"/conda/{acme.login}/noarch"
    index = channel.shard_index(anybody, f"/conda/{acme.login}", "noarch")["shards"]
    path = f"{base}/shards/{index['pub'].hex()}.msgpack.zst"
    anybody.get(path).expect(200)
    acme.set_access("pub", "private")
    anybody.get(path).expect(404)
    acme.alice.get(path).expect(200)


def shard_path(client, login, name):
    return f"/conda/{login}/{shard_of(client, login, name)}"


def test_it_goes_however_the_package_is_spelled(acme, server):
    path = shard_path(acme.alice, acme.login, "pub")
    server.client().get(path).expect(200)
    acme.set_access("PUB", "private")
    server.client().get(path).expect(404)


@pytest.mark.parametrize("access, seen", [("public", 200), ("authenticated", 404), ("private", 404)])
def test_what_was_public_before_it_was_removed_goes_when_it_comes_back(acme, server, tiny, access,
                                                                       seen):
    """Until then, and with a package that everybody sees, clients may have an index that names it."""
    anybody, path = server.client(), shard_path(acme.alice, acme.login, "pub")
    acme.alice.delete(f"/api/package/{acme.login}/pub").expect(201)
    anybody.get(path).expect(200)
    acme.publish("pub", access, tiny, version="2.0")
    anybody.get(path).expect(seen)
    acme.alice.get(path).expect(seen)


def test_or_when_another_package_is_transferred_to_its_place(acme, server, people, tiny):
    other = World(people, f"org{next(NUMBERS)}", tiny)
    anybody, path = server.client(), shard_path(acme.alice, acme.login, "pub")
    other.set_access("pub", "private")
    acme.alice.delete(f"/api/package/{acme.login}/pub").expect(201)
    anybody.get(path).expect(200)
    acme.alice.post(f"/api/v1/packages/{other.login}/pub/transfer", {"to": acme.login}).expect(200)
    anybody.get(path).expect(404)


def test_or_when_one_comes_back_from_the_trash(acme, people, tiny):
    acme.collaborator("dave", "priv")
    acme.alice.delete(f"/api/package/{acme.login}/priv").expect(201)
    trash = f"/api/v1/trash/{acme.login}"
    item, = acme.alice.get(trash).expect(200).json()["items"]
    acme.publish("priv", "private", tiny, version="2.0")
    path = shard_path(acme.alice, acme.login, "priv")
    acme.alice.delete(f"/api/package/{acme.login}/priv").expect(201)
    acme.alice.post(f"{trash}/{item['id']}/restore").expect(200)
    dave = as_(people, "dave")
    dave.get(shard_path(dave, acme.login, "priv")).expect(200)
    dave.get(path).expect(404)


def test_who_is_let_into_a_package_reads_nothing_of_the_one_before(acme, people, tiny):
    path = shard_path(acme.alice, acme.login, "priv")
    acme.alice.delete(f"/api/package/{acme.login}/priv").expect(201)
    acme.publish("priv", "private", tiny, version="2.0")
    acme.collaborator("dave", "priv")
    dave = as_(people, "dave")
    dave.get(shard_path(dave, acme.login, "priv")).expect(200)
    dave.get(path).expect(404)


def test_a_limited_token_sees_what_it_is_for(people, acme, tiny):
    """Beside what everybody sees: of authenticated packages, too, only those within its limits."""
    acme.made["deep"] = acme.publish("deep", "private", tiny, labels=["dev", "main"])
    acme.group("some", "read", "alice", packages=["hidden", "auth"])
    limited = {
        "packages": ({"packages": [f"{acme.login}/priv", f"{acme.login}/auth"]}, ("priv", "auth")),
        "others": ({"packages": ["alice/other"]}, ()),
        "group": ({"group": f"{acme.login}/some"}, ("hidden", "auth")),
        "both": ({"group": f"{acme.login}/some", "packages": [f"{acme.login}/auth"]}, ("auth",)),
        "owners": ({"group": f"{acme.login}/owners"}, ("auth", "priv", "hidden", "deep"))}
    for name, (limits, seen) in limited.items():
        acme.check(people["alice"].by_token(f"limited {name}", limits=limits), "pub", *seen)


def test_a_token_for_a_label_reads_that_label(people, acme, tiny):
    secret = acme.publish("secret", "private", tiny, labels=["dev"])
    other = acme.made["priv"]
    client = people["alice"].by_token("for dev", limits={"labels": ["dev"]})
    listed = client.get(f"/conda/{acme.login}/label/dev/noarch/repodata.json").expect(200).json()
    assert set(listed["packages.conda"]) == {secret.filename}
    client.get(f"/conda/{acme.login}/label/dev/{secret.basename}").expect(200)
    listed = client.get(f"/conda/{acme.login}/noarch/repodata.json").expect(200).json()
    assert set(listed["packages.conda"]) == {acme.made["pub"].filename}
    client.get(f"/conda/{acme.login}/{other.basename}").expect(404)
    for package, status in ((secret, 200), (other, 404)):
        client.get(f"/api/download/{acme.login}/{package.name}/1.0/{package.basename}").expect(status)
    whole = as_(people, "alice")
    whole.get(f"/conda/{acme.login}/{other.basename}").expect(200)
    client.get(f"/conda/{acme.login}/{other.basename}").expect(404)


def test_views_of_a_place_do_not_hang_on_what_lies_elsewhere(acme, tiny, server):
    """The last authenticated package of an owner goes, and a channel which had one before, but not
    any more, is as sound as ever."""
    acme.publish("here", "authenticated", tiny, labels=["dev"])
    acme.set_access("here", "private")
    acme.set_access("auth", "public")
    verify(server)


def test_a_label_stays_for_whoever_knew_it(people, acme, tiny, server):
    """When the last package of an access goes, too: nobody is to see by it that it went."""
    eve, anybody = as_(people, "eve"), server.client()
    for name, access in (("one", "authenticated"), ("two", "private")):
        acme.publish(name, access, tiny, labels=[f"of-{access}"])
    for name in ("one", "two", "auth", "priv", "hidden"):
        acme.alice.delete(f"/api/package/{acme.login}/{name}").expect(201)
    for client, labels in ((anybody, {"main"}), (eve, {"main", "of-authenticated"}),
                           (acme.alice, {"main", "of-authenticated", "of-private"})):
        assert set(client.get(f"/api/channels/{acme.login}").expect(200).json()) == labels
        for label in ("of-authenticated", "of-private"):
            path = f"/conda/{acme.login}/label/{label}/noarch/repodata.json"
            client.get(path).expect(200 if label in labels else 404)


# --- what is hidden is told as what is not there ----------------------------------------------


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
BODIES = {"/api/package/": {"access": "public"}, "/api/commit/": {"dist_id": "x"},
          "/api/stage/": {"distribution_type": "conda", "attrs": {}, "channels": []},
          "/api/v1/packages/": {"access": "public"}}


def requests_about(acme, name):
    """Every route with a package in its path by every method, and the files of its channel."""
    values = {"owner": acme.login, "package": name, "version": "1.0", "login": "eve",
              "group": "staff", "basename": f"noarch/{name}-1.0-0.conda", "badge": "version.svg",
              "id": "1"}
    patterns = {it["pattern"] for it in routes() if "{package}" in it["pattern"]}
    assert len(patterns) >= 8
    paths = {re.sub(r"\{(\w+)(\.\.\.)?\}", lambda found: values[found.group(1)], it)
             for it in patterns}
    paths |= {f"/conda/{acme.login}/noarch/{name}-1.0-0.conda",
              f"/conda/{acme.login}/noarch/{name}-1.0-1.conda",
              f"/conda/{acme.login}/label/{name}/noarch/repodata.json",
              f"/conda/{acme.login}/label/{name}/noarch/{name}-1.0-0.conda",
              f"/conda/{acme.login}/label/{name}/rss.xml", f"/conda/{acme.login}/label/{name}/"}
    return [(method, path) for path in sorted(paths) for method in METHODS]


def told(client, method, path, name):
    """All that an answer says, with the name cut out."""
    body = next((body for start, body in BODIES.items() if path.startswith(start)), None)
    answer = client.request(method, path, json_body=body if method in ("POST", "PUT") else None)
    headers = {key: value for key, value in answer.headers.items()
               if key not in ("Date", "X-Request-Id")}
    return answer.status, headers, answer.body.replace(name.encode(), b"NAME")


def test_what_is_hidden_is_told_as_what_is_absent(people, acme, server, tiny):
    """In the same words, which are of the same length, by every method of every route."""
    acme.publish("hidden", "private", tiny, labels=["hidden"], build="1")
    acme.group("staff", "read", "bob")
    acme.group("builders", "write", "carol", packages=["pub"])
    callers = {"nobody": server.client(),
               **{login: as_(people, login) for login in ("eve", "bob", "carol")}}
    for who, client in callers.items():
        for (method, path), (_, other) in zip(requests_about(acme, "hidden"),
                                              requests_about(acme, "absent")):
            hidden = told(client, method, path, "hidden")
            assert hidden == told(client, method, other, "absent"), (who, method, path)
            # 400: no name of a package to publish, which is so for everybody.
            allowed = (400, 401, 403, 404, 405) if method == "PUT" else (401, 403, 404, 405)
            assert hidden[0] in allowed, (who, method, path, hidden)
    acme.alice.get(f"/api/package/{acme.login}/hidden").expect(200)
    acme.alice.get(f"/api/package/{acme.login}/absent").expect(404)


def documents_of(client, login):
    """path -> all that is told by it: what is there, and what is not."""
    paths = [f"/conda/{login}/{name}" for name in ("", "channeldata.json", "rss.xml")]
    paths += [f"/conda/{login}/{subdir}/{name}" for subdir in ("noarch", "osx-64", "plan9-64")
              for name in ("", "repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst",
                           "run_exports.json", "run_exports.json.zst")]
    paths += [f"/conda/{login}/label/{label}/{name}" for label in ("dev", "hush")
              for name in ("", "channeldata.json", "noarch/repodata.json")]
    paths += [f"/api/packages/{login}", f"/api/channels/{login}",
              f"/api/v1/accounts/{login}/downloads?to=2026-09-01"]
    found = {}
    for path in paths:
        answer = client.get(path)
        found[path] = (answer.status, answer.body,
                       *(answer.header(name) for name in ("ETag", "Last-Modified", "Cache-Control")))
    return found


def test_private_packages_leave_no_trace_in_what_others_read(people, server, tiny):
    """Not by a tag, nor a date, nor a subdir or label that only they have."""
    world = World(people, f"org{next(NUMBERS)}", tiny)
    for name in ("priv", "hidden"):
        world.alice.delete(f"/api/package/{world.login}/{name}").expect(201)
    world.publish("also", "public", tiny, labels=["dev"])
    callers = [server.client(), as_(people, "eve")]
    before = [documents_of(client, world.login) for client in callers]

    def same(what):
        for client, wanted in zip(callers, before):
            found = documents_of(client, world.login)
            assert found == wanted, (what, [it for it in wanted if found[it] != wanted[it]])
    world.publish("quiet", "private", tiny, labels=["hush", "dev", "main"])
    same("a private package came")
    for subdir in ("osx-64", "plan9-64"):
        world.publish("quiet", "private", tiny, subdir=subdir, noarch=None)
    same("it has subdirs of its own")
    world.publish("quiet", "private", tiny, labels=["main", "hush"], version="2.0")
    world.collaborator("carol", "quiet", "read")
    world.group("some", "read", "dave", packages=["quiet"])
    same("it changed, and others were let in")
    assert as_(people, "carol").get(f"/conda/{world.login}/plan9-64/repodata.json").status == 200
    world.alice.delete(f"/api/release/{world.login}/quiet/1.0").expect(201)
    same("a release of it went")
    world.alice.delete(f"/api/package/{world.login}/quiet").expect(201)
    same("it went")


def test_members_learn_of_no_package_by_the_groups(people, acme):
    """Neither a name nor a number, of the groups that they are not in themselves."""
    acme.group("team", "write", "bob", packages=["pub", "priv"])
    acme.group("others", "read", "carol", packages=["pub", "hidden", "auth"])
    alice, bob = acme.alice, as_(people, "bob")
    for client, team, others in ((alice, {"pub", "priv"}, {"pub", "hidden", "auth"}),
                                 (bob, {"pub", "priv"}, {"pub", "auth"})):
        listed = client.get(f"/api/groups/{acme.login}").expect(200)
        counts = {it["name"]: it["repos_count"] for it in listed.json()["groups"]}
        assert (counts["team"], counts["others"]) == (len(team), len(others))
        for name, wanted in (("team", team), ("others", others)):
            path = f"/api/group/{acme.login}/{name}"
            assert client.get(path).expect(200).json()["repos_count"] == len(wanted)
            found = client.get(f"{path}/packages").expect(200)
            assert {it["full_name"] for it in found.json()} == {
                f"{acme.login}/{it}" for it in wanted}
            assert wanted >= {"hidden"} or "hidden" not in listed.text + found.text


# --- caches, clocks -----------------------------------------------------------------------------


def shard_of(client, login, name):
    index = channel.shard_index(client, f"/conda/{login}", "noarch")["shards"]
    return f"noarch/shards/{index[name].hex()}.msgpack.zst"


def test_caches_keep_what_is_private_from_others(people, acme, server):
    """What everybody sees is said to be public; to a browser, what is not is said to be private."""
    acme.group("some", "read", "carol", packages=["priv"])
    carol, base = people["carol"], f"/conda/{acme.login}"
    token, session = carol.by_token(f"token {next(NUMBERS)}"), carol.by_session()
    documents = ["noarch/repodata.json", "noarch/repodata.json.zst", "noarch/run_exports.json",
                 "noarch/repodata_shards.msgpack.zst", "noarch/", "channeldata.json", "rss.xml", ""]
    for name in documents:
        vary = "Authorization, Cookie"
        if name.endswith(".json"):
            vary = "Accept-Encoding, " + vary
        for client, wanted in ((server.client(), r"public, max-age=\d+, must-revalidate"),
                               (token, r"max-age=\d+"), (session, r"private, max-age=\d+")):
            answer = client.get(f"{base}/{name}").expect(200)
            assert answer.header("Vary") == vary, name
            assert re.fullmatch(wanted, answer.header("Cache-Control")), (name, answer.headers)
    for name in ("noarch/priv-1.0-0.conda", shard_of(token, acme.login, "priv")):
        for client, wanted in ((token, r"max-age=\d+"), (session, r"private, max-age=\d+")):
            control = client.get(f"{base}/{name}").expect(200).header("Cache-Control")
            assert re.fullmatch(wanted, control), (name, control)
    for name in ("noarch/pub-1.0-0.conda", shard_of(token, acme.login, "pub")):
        for client in (server.client(), token, session):
            control = client.get(f"{base}/{name}").expect(200).header("Cache-Control")
            assert control.startswith("public, max-age="), (name, control)


def durations(client, path, before):
    """Seconds that refusals of the hidden and of the absent take, asked in turn: the tenth part of
    them that was disturbed least takes no more."""
    taken = {"hidden": [], "absent": []}
    for turn in range(40):
        for name in sorted(taken, reverse=turn % 2 == 0):
            before()
            start = time.perf_counter()
            client.get(path.format(name, name)).expect(404)
            taken[name].append(time.perf_counter() - start)
    return [statistics.quantiles(it, n=10)[0] for it in taken.values()]


def test_hidden_and_absent_take_the_same_time(people, acme, server):
    """In one of some tries: what else the machine does is noise, a difference is there in all of them.
    Refusals of files are kept in memory, until somebody writes."""
    acme.group("some", "read", "carol", packages=["priv"])
    for client in (server.client(), as_(people, "eve"), as_(people, "carol")):
        for path, before in (
                (f"/api/package/{acme.login}/{{}}", lambda: None),
                (f"/api/dist/{acme.login}/{{}}/1.0/noarch/{{}}-1.0-0.conda", lambda: None),
                (f"/conda/{acme.login}/noarch/{{}}-1.0-0.conda",
                 lambda: acme.collaborator("dave", "pub"))):
            tries = [durations(client, path, before)]
            while max(tries[-1]) >= 1.5 * min(tries[-1]):
                assert len(tries) < 6, (path, tries)
                tries.append(durations(client, path, before))


# --- what new packages are ----------------------------------------------------------------------


@pytest.mark.parametrize("habit", ["public", "authenticated", "private"])
def test_new_packages_are_what_the_server_says(new_server, tiny, habit):
    """Clients that say `public: true` mean nothing by it; `public: false` and `access` are meant."""
    server = new_server(options=["--default-access", habit]).start()
    alice = make_account(server, "alice").by_token()
    for name, body, wanted in (("plain", {}, habit), ("client", {"public": True}, habit),
                               ("hidden", {"public": False}, "private"),
                               ("open", {"access": "public"}, "public"),
                               ("both", {"access": "authenticated", "public": False},
                                "authenticated")):
        made = alice.post(f"/api/package/alice/{name}", body).expect(200).json()
        assert (made["access"], made["public"]) == (wanted, wanted == "public"), name
    upload = Upload(alice, "alice", packages.describe(tiny("sent")))
    upload.run()
    status = server.client().get(f"/conda/alice/noarch/{upload.package.filename}").status
    assert status == (200 if habit == "public" else 404)
    server.finish()


def test_a_wrong_access_is_told(acme, tmp_path):
    path = f"/api/v1/packages/{acme.login}/pub/access"
    for body, said in (({"access": "secret"}, 'access "secret" is not "public"'), ({}, "access")):
        assert said in acme.alice.request("PUT", path, json_body=body).expect(422).error
    assert 'access "secret"' in acme.alice.post(
        f"/api/package/{acme.login}/new", {"access": "secret"}).expect(422).error
    acme.alice.get(f"/api/package/{acme.login}/new").expect(404)
    done = run("serve", "--data", str(tmp_path), "--default-access", "secret")
    assert done.returncode != 0
    assert "default-access" in done.stderr and "public|authenticated|private" in done.stderr
