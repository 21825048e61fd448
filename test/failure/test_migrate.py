"""`terrarium migrate`: from a folder to PostgreSQL and S3 and back, cut short, refused."""
import re
import subprocess

import pytest

from conftest import make_account
from support import channel, packages, secrets, stores
from support.proxy import Proxy
from support.publish import Upload
from support.server import BINARY, Server, environment, run
from support.site import verify
from support.wait import until

DOCUMENTS = [f"{base}/{name}" for base in ("/conda/alice", "/conda/alice/label/dev", "/conda/bob")
             for name in ("channeldata.json", "rss.xml", "noarch/repodata.json",
                          "noarch/repodata.json.zst", "noarch/repodata_shards.msgpack.zst",
                          "noarch/run_exports.json", "noarch/index.html", "linux-64/repodata.json",
                          "win-64/repodata.json")]
API = ["/api/user/alice", "/api/packages/alice", "/api/package/alice/both", "/api/packages/bob",
       "/api/channels/alice", "/api/release/alice/both/1.0", "/api/v1/accounts/bob/favorites"]


class Content:
    """What is published through the API of one server, and looked for at others."""

    def __init__(self, server, folder):
        self.accounts = {login: make_account(server, login) for login in ("alice", "bob")}
        self.tokens = {login: it.token("kept") for login, it in self.accounts.items()}
        self.paths = {}
        for owner, name, how, labels in [
                ("alice", "both", {}, []), ("alice", "both", {"extension": ".tar.bz2"}, []),
                ("alice", "both", {"version": "2.0"}, ["dev"]),
                ("alice", "native", {"subdir": "linux-64", "noarch": None}, ["main", "dev"]),
                ("bob", "twin", {}, []), ("alice", "twin", {}, []), ("alice", "gone", {}, [])]:
            path = packages.make_tiny(folder / owner, name, **how)
            upload = Upload(server.client(token=self.tokens[owner]), owner,
                            packages.describe(path), labels=labels)
            upload.run()
            if name == "gone":
                upload.client.delete(f"/api/package/{owner}/gone").expect(201)
            else:
                self.paths[owner, upload.package.basename] = path
        for number in range(20):
            path = packages.make_tiny(folder / "bob", f"many{number}")
            Upload(server.client(token=self.tokens["bob"]), "bob", packages.describe(path)).run()
            self.paths["bob", f"noarch/{path.name}"] = path
        self.downloads = {"alice": 0, "bob": 0}     # that any server has counted so far
        bob, alice = (server.client(token=self.tokens[it]) for it in ("bob", "alice"))
        bob.request("PUT", "/api/v1/favorites/alice/both").expect(204)
        alice.post("/api/v1/packages/alice/native/transfer", {"to": "bob"}).expect(201)

    def shown(self, server):
        """Everything that a visitor sees, to the byte."""
        client, found = server.client(), {}
        for target in DOCUMENTS:
            answer = client.get(target)
            found[target] = answer.status, answer.etag, answer.body
        for target in API:
            answer = client.get(target).expect(200)
            found[target] = re.sub(r'"ndownloads":\d+', "", answer.text.replace(server.url, "URL"))
        return found

    def check(self, server, before):
        after = self.shown(server)
        different = [target for target in before if before[target] != after[target]]
        assert not different, different
        client = server.client()
        for owner, count in self.downloads.items():
            counted = client.get(f"/api/v1/accounts/{owner}/downloads").expect(200).json()
            assert counted["total"] == count
        offers = server.client(token=self.tokens["bob"]).get("/api/v1/transfers").expect(200).json()
        assert [(it["from"], it["package"]) for it in offers["incoming"]] == [("alice", "native")]
        for (owner, basename), path in self.paths.items():
            label = "/label/dev" if "both-2.0" in basename else ""
            answer = client.get(f"/conda/{owner}{label}/{basename}").expect(200)
            assert answer.body == path.read_bytes()
            self.downloads[owner] += 1
        for login, token in self.tokens.items():
            assert server.client(token=token).get("/api/user").expect(200).json()["login"] == login
            self.accounts[login].server = server
            self.accounts[login].session()
        assert set(channel.listed(client, "/conda/bob", "noarch")) == {
            path.name for (owner, _), path in self.paths.items() if owner == "bob"}
        verify(server)


@pytest.fixture
def place():
    it = stores.networked(stores.cluster())     # an empty database: no tables even
    yield it
    it.drop()


@pytest.fixture
def source(new_server, tmp_path):
    """A server in its folder, with content, and stopped."""
    server = new_server(place=stores.Place()).start()
    server.content = Content(server, tmp_path / "packages")
    server.before = server.content.shown(server)
    assert server.terminate() == 0
    return server


def settings(place):
    """The same place, with the password where no list of processes shows it."""
    env = {name: value for name, value in place.env.items()
           if name not in ("TERRARIUM_DB", "TERRARIUM_BLOBS")}
    return {**env, "PGPASSWORD": place.cluster.password}


def target(place):
    return ["--to", without_password(place), "--blobs", place.env["TERRARIUM_BLOBS"]]


def origin(place):
    return ["--from", without_password(place), "--from-blobs", place.env["TERRARIUM_BLOBS"]]


def without_password(place):
    return re.sub(r":[^:@/]+@", "@", place.database)


def migrate(place, *words):
    done = run("migrate", *map(str, words), env=settings(place), timeout=120)
    assert not secrets.found_in(done.stdout + done.stderr), "a secret is shown"
    return done


def succeed(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def refuse(done, told):
    assert done.returncode not in (0, -6, -11), done.stdout
    assert re.search(told, done.stderr, re.IGNORECASE), done.stderr


def test_there_and_back(source, place, new_server, tmp_path):
    succeed(migrate(place, "--from", source.data, *target(place)))
    moved = new_server(place=place).start()
    source.content.check(moved, source.before)
    # It is a site as any other: with two nodes, and publishing.
    second = new_server(place=place).start()
    path = packages.make_tiny(tmp_path / "packages" / "bob", "added")
    Upload(second.client(token=source.content.tokens["bob"]), "bob",
           packages.describe(path)).run()
    source.content.paths["bob", f"noarch/{path.name}"] = path
    before = source.content.shown(moved)
    assert moved.terminate() == 0 and second.terminate() == 0

    back = new_server(place=stores.Place())
    succeed(migrate(place, *origin(place), "--to", back.data))
    back.start()
    source.content.check(back, before)


def test_the_source_stays_as_it_was(source, place, new_server):
    succeed(migrate(place, "--from", source.data, *target(place)))
    source.start()
    source.content.check(source, source.before)


def test_a_target_with_something_in_it_is_refused(source, place, new_server, tmp_path):
    other = new_server(place=place).start()
    make_account(other, "somebody")
    assert other.terminate() == 0
    refuse(migrate(place, "--from", source.data, *target(place)), "empty|not empty")
    folder = new_server(place=stores.Place()).start()
    make_account(folder, "somebody")
    assert folder.terminate() == 0
    refuse(migrate(place, "--from", source.data, "--to", folder.data), "empty|not empty")
    folder.start()
    folder.client().get("/api/user/somebody").expect(200)
    folder.client().get("/api/user/alice").expect(404)


def test_a_finished_target_is_not_filled_again(source, place):
    succeed(migrate(place, "--from", source.data, *target(place)))
    refuse(migrate(place, "--from", source.data, *target(place)), "empty|not empty")


def test_what_is_being_served_is_refused_on_both_sides(source, place, new_server):
    source.start()
    refuse(migrate(place, "--from", source.data, *target(place)), "server|another|stop")
    source.content.check(source, source.before)
    assert source.terminate() == 0
    succeed(migrate(place, "--from", source.data, *target(place)))
    moved = new_server(place=place).start()
    folder = new_server(place=stores.Place())
    refuse(migrate(place, *origin(place), "--to", folder.data), "server|stop")
    source.content.check(moved, source.before)


@pytest.mark.parametrize("words, told", [
    (["--from", "no/such/folder", "--to", "other"], "no data folder|no such"),
    (["--from", "no/such/folder"], "--to"),
    (["--from", "x", "--to", "postgresql://nobody@/nothing?host=/nowhere"], "blobs")])
def test_mistyped_places_are_refused_and_not_made(place, tmp_path, words, told):
    done = subprocess.run([BINARY, "migrate", *words], capture_output=True, text=True,
                          env=environment(settings(place)), timeout=60, cwd=tmp_path)
    assert done.returncode != 0
    assert re.search(told, done.stderr), done.stderr
    assert not (tmp_path / "no").exists()


@pytest.mark.slow
@pytest.mark.parametrize("puts", [1, 10, 25])
def test_a_migration_that_was_killed_goes_on(source, new_server, puts):
    """Killed after so many files, and again at the second try; no server starts on the half."""
    proxy = Proxy(stores.bucketeer().host, stores.bucketeer().port)
    place = stores.networked(stores.cluster(), endpoint=proxy.url)
    proxy.delay(0.05)

    def kill_after(count):
        goal = len([it for it in proxy.seen if it.startswith("PUT")]) + count
        process = subprocess.Popen(
            [BINARY, "migrate", "--from", source.data, *target(place)],
            env=environment(settings(place)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until(lambda: process.poll() is not None or
              len([it for it in proxy.seen if it.startswith("PUT")]) >= goal, 60, "files in S3")
        assert process.poll() is None, process.stderr.read()
        process.kill()
        process.wait()

    kill_after(puts)
    half = new_server(place=place)
    half.start(wait=False)
    assert half.process.wait(30) != 0, "a server started on half of a site"
    assert re.search("migrat|unfinished|complete", half.log(), re.IGNORECASE), half.log()
    kill_after(3)
    proxy.heal()
    succeed(migrate(place, "--from", source.data, *target(place)))
    moved = new_server(place=place).start()
    source.content.check(moved, source.before)
    place.drop()
    proxy.close()


@pytest.mark.slow
def test_a_migration_killed_at_any_time_goes_on(source, new_server, tmp_path):
    """From folder to folder, at random moments of the few that it takes."""
    import random
    dice, target_folder = random.Random(3), tmp_path / "target"
    for _ in range(8):
        process = subprocess.Popen([BINARY, "migrate", "--from", source.data, "--to",
                                    target_folder], env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(dice.random() * 0.15)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.wait() == 0:
            break
    else:
        succeed(run("migrate", "--from", str(source.data), "--to", str(target_folder)))
    moved = new_server(data=target_folder, place=stores.Place()).start()
    source.content.check(moved, source.before)


def test_a_damaged_source_is_told(source, place):
    path = next(iter(source.content.paths.values()))
    digest = packages.sha256_of(path)
    stored = [it for it in (source.data / "blobs").rglob("*") if it.is_file() and
              digest.endswith(it.name[-60:])]
    assert len(stored) == 1
    stored[0].chmod(0o600)
    stored[0].write_bytes(path.read_bytes()[:-1] + b"?")
    refuse(migrate(place, "--from", source.data, *target(place)), digest[:8])
