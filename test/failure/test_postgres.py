"""PostgreSQL goes away and comes back. Nobody waits long, nothing that was answered is lost, and
no server has to be started again."""
import time

import pytest

from conftest import make_account
from support import channel, packages, stores
from support.load import Load
from support.postgres import Postgres
from support.publish import Refused, Upload
from support.server import Server
from support.site import verify
from support.wait import idle, until

PATIENCE = 12              # seconds that no request takes
TWICE = 2 * PATIENCE       # one may wait for a connection, and then for a lock
DOWN = 3                   # seconds without a database


@pytest.fixture
def cluster():
    """One of the test's own, with fsync as administrators have it."""
    it = Postgres(fsync=True).start()
    yield it
    it.close()


@pytest.fixture
def place(cluster):
    return stores.networked(cluster)


@pytest.fixture
def new_node(tmp_path, place):
    made = []

    def make(*options):
        made.append(Server(tmp_path / f"node{len(made)}", place=place, options=options))
        return made[-1]
    yield make
    for it in made:
        if it.running():
            it.kill()
        it.check_log()


def ready(node):
    try:
        return node.client().get("/readyz").status == 200
    except OSError:
        return False


def check(node, load, owner="alice"):
    """Everything that was answered is there; verify has nothing to say."""
    listed = channel.listed(node.client(), f"/conda/{owner}", "noarch")
    missing = [path.name for path in load.acknowledged if path.name not in listed]
    assert not missing, f"answered uploads were lost: {missing}"
    verify(node)


def check_answers(load, tell_of_503=True, patience=PATIENCE):
    for answers in (load.answers, load.reads):
        assert not answers.wrong, answers.wrong[:5]
        assert not answers.broken, answers.broken[:5]
        assert answers.slowest < patience, f"somebody waited for {answers.slowest:.1f} s"
    if tell_of_503:
        assert load.answers.statuses[503] + load.reads.statuses[503] > 0, "nobody noticed anything"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_postgresql_goes_and_comes_back_under_load(cluster, new_node, tmp_path, how):
    nodes = [new_node().start(), new_node().start()]
    token = make_account(nodes[0], "alice").token()
    turn = iter(range(1 << 30))
    with Load(lambda: nodes[next(turn) % 2], token, tmp_path / "packages") as load:
        load.wait_for(5)
        for _ in range(2):
            (cluster.stop if how == "stop" else cluster.kill)()
            idle(DOWN)
            cluster.start()
            until(lambda: all(ready(node) for node in nodes), PATIENCE, "ready nodes")
            load.wait_for(5, PATIENCE)
    check_answers(load)
    check(nodes[1], load)
    assert all(node.running() for node in nodes)


@pytest.mark.slow
def test_a_postgresql_that_answers_nothing_keeps_nobody_waiting(cluster, new_node, tmp_path):
    """As behind a broken network: connections stand, and nothing comes through them."""
    node = new_node().start()
    token = make_account(node, "alice").token()
    with Load(lambda: node, token, tmp_path / "packages") as load:
        load.wait_for(5)
        cluster.pause()
        try:
            idle(PATIENCE + 3)
        finally:
            cluster.resume()
        until(lambda: ready(node), PATIENCE, "a ready node")
        load.wait_for(5)
    check_answers(load)
    check(node, load)


def test_without_postgresql_a_node_is_alive_but_not_ready(cluster, new_node):
    node = new_node().start()
    account = make_account(node, "alice")
    cluster.stop()
    client = node.client()
    until(lambda: client.get("/readyz").expect(200, 503).status == 503, PATIENCE, "not ready")
    client.get("/healthz").expect(200)
    for target in ("/conda/alice/noarch/repodata.json", "/api/user/alice"):
        start = time.monotonic()
        answer = client.get(target).expect(503)
        assert answer.header("Retry-After") and answer.error == answer.detail
        assert account.login not in answer.detail and "postgres" not in answer.detail.lower()
        assert time.monotonic() - start < PATIENCE
    cluster.start()
    until(lambda: ready(node), PATIENCE, "a ready node")
    client.get("/conda/alice/noarch/repodata.json").expect(200)


def test_a_node_without_postgresql_does_not_start_and_says_why(cluster, new_node):
    cluster.stop()
    node = new_node()
    node.start(wait=False)
    assert node.process.wait(30) != 0
    assert "database" in node.log().lower() or "PostgreSQL" in node.log()
    assert cluster.password not in node.log()


def test_a_node_stops_in_order_while_postgresql_is_away(cluster, new_node):
    node = new_node().start()
    cluster.kill()
    start = time.monotonic()
    assert node.terminate() == 0
    assert time.monotonic() - start < 20


@pytest.mark.slow
def test_a_pool_that_is_used_up_is_told_and_recovers(new_node, place, tmp_path):
    """Somebody else holds a lock, and every connection waits for it."""
    node = new_node("--db-connections", "2").start()
    alice = make_account(node, "alice")
    token = alice.token()
    first = Upload(node.client(token=token), "alice",
                   packages.describe(packages.make_tiny(tmp_path, "first")))
    first.run()
    blocker = place.session()
    try:
        blocker.stdin.write("BEGIN; LOCK TABLE account, package, file IN ACCESS EXCLUSIVE MODE;"
                            " SELECT 'locked';\n")
        blocker.stdin.flush()
        assert blocker.stdout.readline().strip() == "locked"
        with Load(lambda: node, token, tmp_path / "packages", publishers=3, readers=3) as load:
            until(lambda: load.answers.statuses[503] + load.answers.statuses[500] >= 3, 60,
                  "answers of 503")
            assert node.client().get("/healthz").status == 200
            blocker.stdin.write("ROLLBACK;\n")
            blocker.stdin.flush()
            load.wait_for(6)
    finally:
        blocker.kill()
        blocker.wait()
    check_answers(load, patience=TWICE)
    check(node, load)


def test_one_connection_is_enough_for_much_work(new_node, tmp_path):
    node = new_node("--db-connections", "1").start()
    token = make_account(node, "alice").token()
    with Load(lambda: node, token, tmp_path / "packages", publishers=4, readers=4) as load:
        load.wait_for(20)
    check_answers(load, tell_of_503=False)
    check(node, load)


def test_a_failed_write_leaves_nothing_of_itself(cluster, new_node, tmp_path):
    """Committing while PostgreSQL goes: either all of the package is there afterwards or nothing."""
    node = new_node().start()
    token = make_account(node, "alice").token()
    for turn in range(5):
        upload = Upload(node.client(token=token), "alice",
                        packages.describe(packages.make_tiny(tmp_path, f"torn{turn}")))
        upload.register()
        upload.stage()
        upload.send()
        cluster.kill()
        with pytest.raises(Refused) as refused:
            upload.commit()
        assert refused.value.answer.status == 503
        cluster.start()
        until(lambda: ready(node), PATIENCE, "a ready node")
        listed = channel.listed(node.client(), "/conda/alice", "noarch")
        assert upload.package.filename not in listed
        upload.commit()                         # the ticket is still good
        assert upload.package.filename in channel.listed(node.client(), "/conda/alice", "noarch")
    verify(node)
