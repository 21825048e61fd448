"""Nodes that cannot hear of each other's writes for a while show nothing that is over."""
import os
import signal
import time

import pytest

from conftest import make_account
from support import channel, packages
from support.publish import Upload
from support.stores import cluster
from support.wait import until

LEASE_SECONDS = 2.25       # a node that cannot hear is waited for no longer


@pytest.fixture
def pair(new_site, tmp_path):
    """Two nodes of one site: a writer and a reader; publish(name) on one, shows(name) on the other."""
    it = new_site(2).start()
    it.writer, it.reader = it.nodes
    it.token = make_account(it.writer, "alice").token()
    it.uploader, it.visitor = it.writer.client(token=it.token), it.reader.client()

    def publish(name):
        path = packages.make_tiny(tmp_path, name)
        Upload(it.uploader, "alice", packages.describe(path)).run()
        return path.name

    def shows(filename):
        """In all documents, and as bytes."""
        listed = channel.listed(it.visitor, "/conda/alice", "noarch")
        status = it.visitor.get(f"/conda/alice/noarch/{filename}").status
        assert (status == 200) == (filename in listed)
        return filename in listed
    it.publish, it.shows = publish, shows
    return it


def listeners(site):
    """Process ids of the connections that listen: those which hold a subscription."""
    rows = site.place.psql(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND query ~ '^(INSERT INTO node|DELETE FROM node|LISTEN)|AS ack'")
    return [int(row) for row in rows.split()]


def cut_all(site):
    """Every connection to the database, listeners and others."""
    site.place.psql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()")


def test_nodes_listen(pair):
    assert len(listeners(pair)) >= 2


def test_a_listener_that_is_cut_costs_no_truth(pair):
    """Again and again, right before a write on the other node."""
    for turn in range(5):
        pair.shows("warm-1.0-0.conda")          # so that it is in the reader's caches
        for pid in listeners(pair):
            pair.place.psql(f"SELECT pg_terminate_backend({pid})")
        assert pair.shows(pair.publish(f"cut{turn}"))
    assert pair.reader.running() and pair.writer.running()


def test_every_connection_cut_costs_no_truth(pair):
    for turn in range(3):
        pair.shows("warm-1.0-0.conda")
        cut_all(pair)
        until(lambda: pair.reader.client().get("/readyz").status == 200, 15, "a ready node")
        until(lambda: pair.writer.client().get("/readyz").status == 200, 15, "a ready node")
        assert pair.shows(pair.publish(f"all{turn}"))


def test_a_node_whose_listener_cannot_come_back_asks_the_database_each_time(pair):
    """No new connections for anybody: what the pool has goes on, the listener is away for good."""
    database = pair.place.psql("SELECT current_database()")
    pair.shows(pair.publish("before"))
    try:
        cluster().psql(f'ALTER DATABASE "{database}" WITH CONNECTION LIMIT 0')
        for pid in listeners(pair):
            pair.place.psql(f"SELECT pg_terminate_backend({pid})")
        shown = 0
        for turn in range(5):
            start = time.monotonic()
            try:
                filename = pair.publish(f"deaf{turn}")
            except Exception as refused:        # a pool without connections answers 503
                assert "503" in str(refused), refused
                continue
            assert time.monotonic() - start < 3 * LEASE_SECONDS + 3
            answer = pair.visitor.get("/conda/alice/noarch/repodata.json").expect(200, 503)
            if answer.status == 200:
                assert filename in channel.records(answer.json()), "a stale answer"
                shown += 1
    finally:
        cluster().psql(f'ALTER DATABASE "{database}" WITH CONNECTION LIMIT -1')
    until(lambda: len(listeners(pair)) >= 2, 20, "listeners that are back")
    assert pair.shows(pair.publish("after"))


def test_a_node_that_slept_wakes_without_stale_answers(pair):
    """Stopped as a whole, as by a paused virtual machine: others wait for its lease at most."""
    for turn in range(3):
        pair.shows("warm-1.0-0.conda")
        os.kill(pair.reader.process.pid, signal.SIGSTOP)
        try:
            start = time.monotonic()
            filename = pair.publish(f"asleep{turn}")
            # Four writes: package, release, stage, commit.
            assert time.monotonic() - start < 2 * LEASE_SECONDS + 3
        finally:
            os.kill(pair.reader.process.pid, signal.SIGCONT)
        assert pair.shows(filename)


def test_a_node_that_died_holds_up_nobody_for_long(pair):
    pair.shows("warm-1.0-0.conda")
    pair.reader.kill()
    start = time.monotonic()
    pair.publish("first")
    assert time.monotonic() - start < 2 * LEASE_SECONDS + 3
    start = time.monotonic()
    pair.publish("second")
    assert time.monotonic() - start < LEASE_SECONDS, "the dead node is still waited for"
    pair.reader.start()
    pair.visitor = pair.reader.client()
    assert pair.shows("first-1.0-0.conda") and pair.shows("second-1.0-0.conda")


def test_a_node_that_ends_in_order_holds_up_nobody(pair):
    pair.shows("warm-1.0-0.conda")
    assert pair.reader.terminate() == 0
    start = time.monotonic()
    pair.publish("quick")
    assert time.monotonic() - start < LEASE_SECONDS


def test_revocation_reaches_a_node_whose_listener_was_just_cut(pair):
    cookie = make_account(pair.writer, "bob").session()
    maker = pair.writer.client(cookie=cookie)
    for turn in range(5):
        token = maker.post("/api/authentications", {"note": f"t{turn}"}).expect(200).json()["token"]
        user = pair.reader.client(token=token)
        user.get("/api/user").expect(200)
        for pid in listeners(pair):
            pair.place.psql(f"SELECT pg_terminate_backend({pid})")
        pair.writer.client(token=token).delete("/api/authentications").expect(201)
        user.get("/api/user").expect(401)
