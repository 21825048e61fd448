"""Downloads at several nodes are one sum, also of what clients get from S3 itself."""
import random

import pytest

from conftest import make_account
from support import packages
from support.publish import Upload

LARGE = 1 << 20


@pytest.fixture
def pair(new_site, tmp_path):
    """Two nodes that send clients of large packages to S3, and a large and a small package."""
    it = new_site(2, options=["--s3-delivery", "redirect"]).start()
    it.token = make_account(it.nodes[0], "alice").token()
    it.large = packages.make(tmp_path, packages.index_of("large"), {
        "share/large/payload": random.Random(1).randbytes(LARGE)})
    it.small = packages.make_tiny(tmp_path, "small")
    for path in (it.large, it.small):
        Upload(it.nodes[0].client(token=it.token), "alice", packages.describe(path)).run()
    return it


def address(path):
    return f"/conda/alice/noarch/{path.name}"


def totals(client):
    found = client.get("/api/v1/accounts/alice/downloads").expect(200).json()["packages"]
    return {it["name"]: it["total"] for it in found}


def test_nodes_that_stop_have_added_what_they_counted(pair):
    for number, node in enumerate(pair.nodes):
        client = node.client()
        for _ in range(3 + number):
            client.get(address(pair.small)).expect(200)
            client.get(address(pair.large)).expect(302, 307)
        client.head(address(pair.large)).expect(302, 307)
        client.get(address(pair.large), range="bytes=100-").expect(302, 307)
        client.get(address(pair.large), range="bytes=0-").expect(302, 307)
    for node in pair.nodes:
        assert node.terminate() == 0
    pair.nodes[1].start()
    assert totals(pair.nodes[1].client()) == {"small": 7, "large": 9}


def test_a_transfer_holds_at_every_node_with_the_next_request(pair):
    first, second = pair.clients(token=pair.token)
    first.post("/api/v1/organizations", {"login": "acme"}).expect(201)
    path = address(pair.small)
    for client in (first, second):
        client.get(path).expect(200)
        client.get(path.replace("alice", "acme")).expect(404)
    first.post("/api/v1/packages/alice/small/transfer", {"to": "acme"}).expect(200)
    for client in (second, first):
        client.get(path).expect(404)
        client.get(path.replace("alice", "acme")).expect(200)
