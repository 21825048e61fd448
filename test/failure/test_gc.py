"""gc beside everything else: it takes what nobody names, and nothing that somebody is about to."""
import threading

import pytest

from conftest import make_account
from support import channel, packages, stores
from support.publish import Refused, Upload
from support.site import check_clean, gc, verify

ROUNDS = 12


class Hand:
    """Publishes and removes the same few packages, again and again, as one of several."""

    def __init__(self, site, number, owner, token, paths):
        self.site, self.number, self.owner, self.token = site, number, owner, token
        self.paths, self.problems = paths, []

    def work(self):
        for turn in range(ROUNDS):
            client = self.site.client(self.number + turn, token=self.token)
            for path in self.paths:
                self._publish(client, path)
            for path in self.paths[turn % 2::2]:
                upload = Upload(client, self.owner, packages.describe(path))
                client.delete("/api/dist" + upload.dist_path).expect(200, 404)
            client.close()

    def _publish(self, client, path):
        try:
            Upload(client, self.owner, packages.describe(path)).run()
        except Refused as refused:
            # Somebody else removed package or ticket meanwhile: to be told, and no harm.
            if refused.answer.status not in (400, 404, 409, 422, 503):
                self.problems.append(str(refused))


@pytest.mark.slow
def test_gc_in_a_loop_while_everybody_publishes_and_removes_the_same_packages(new_site, tmp_path):
    site = new_site(3).start()
    paths = [packages.make_tiny(tmp_path, f"same{number}") for number in range(4)]
    hands = []
    for owner in ("alice", "bob"):
        token = make_account(site.nodes[0], owner).token()
        hands += [Hand(site, number, owner, token, paths) for number in range(2)]
    threads = [threading.Thread(target=hand.work) for hand in hands]
    over, collected = threading.Event(), []

    def collect():
        while not over.is_set():
            collected.append(gc(site.nodes[len(collected) % 3]))
    collector = threading.Thread(target=collect)
    for thread in (*threads, collector):
        thread.start()
    for thread in threads:
        thread.join(180)
    over.set()
    collector.join(60)
    assert not any(thread.is_alive() for thread in (*threads, collector))
    assert not [problem for hand in hands for problem in hand.problems]
    assert len(collected) > 3
    verify(site.nodes[0])
    for owner in ("alice", "bob"):
        client = site.client(1)
        for filename in channel.listed(client, f"/conda/{owner}", "noarch"):
            body = client.get(f"/conda/{owner}/noarch/{filename}").expect(200).body
            assert body == (tmp_path / filename).read_bytes()
    check_clean(site.nodes[0])


def test_gc_tells_and_removes_what_lies_about(new_site, tmp_path):
    """Bytes under a right name which no row names, as a crash leaves them."""
    import hashlib
    site = new_site(1).start()
    node = site.nodes[0]
    token = make_account(node, "alice").token()
    upload = Upload(node.client(token=token), "alice",
                    packages.describe(packages.make_tiny(tmp_path, "kept")))
    upload.run()
    check_clean(node)
    orphan = site.place.key_of(hashlib.sha256(b"left behind").hexdigest())
    assert site.place.key_of(upload.package.sha256) in site.place.keys()
    stores.bucketeer().put(stores.BUCKET, orphan, b"left behind")
    assert verify(node)["orphans"] == 1
    told = gc(node, "--dry-run")
    assert told["dry_run"] is True and told["blobs"] == 1 and told["bytes"] == len(b"left behind")
    assert orphan in site.place.keys()
    removed = gc(node)
    assert removed["dry_run"] is False and removed["blobs"] == 1
    assert orphan not in site.place.keys()
    assert gc(node)["blobs"] == 0
    assert node.client().get("/conda/alice/noarch/kept-1.0-0.conda").expect(200).body == upload.data


def test_gc_of_a_folder_beside_uploads(new_server, tmp_path):
    server = new_server(place=stores.Place()).start()
    token = make_account(server, "alice").token()
    over = threading.Event()

    def collect():
        while not over.is_set():
            gc(server)
    collector = threading.Thread(target=collect)
    collector.start()
    try:
        for turn in range(40):
            path = packages.make_tiny(tmp_path, f"p{turn % 5}", f"{turn}.0")
            upload = Upload(server.client(token=token), "alice", packages.describe(path))
            upload.run()
            if turn % 3:
                upload.client.delete("/api/dist" + upload.dist_path).expect(200)
    finally:
        over.set()
        collector.join(60)
    check_clean(server)
