"""Uploads flow through the server; they are never held in its memory."""
import base64
import hashlib
import threading
from urllib.parse import urlsplit

import pytest

from conftest import make_account
from support import packages, stores
from support.http import Client
from support.publish import BOUNDARY, Upload, form_frame
from support.server import sanitized

pytestmark = pytest.mark.skipif(sanitized(), reason="a sanitizer needs memory of its own")

# Far more than the server may take: less where all of it goes to S3 as well, and back.
SIZE = (2 << 30) if stores.STORES == stores.EMBEDDED else (512 << 20)
CHUNK = b"\0" * (1 << 20)


class Flood:
    """A form whose file is nothing but zeros, made while it is sent."""

    def __init__(self, stage, basename):
        digest = hashlib.md5()
        for _ in range(SIZE // len(CHUNK)):
            digest.update(CHUNK)
        md5 = base64.b64encode(digest.digest()).decode()
        self.head, self.tail = form_frame(stage["form_data"], basename, md5, SIZE)
        self.length = len(self.head) + SIZE + len(self.tail)

    def __iter__(self):
        yield self.head
        for _ in range(SIZE // len(CHUNK)):
            yield CHUNK
        yield self.tail


@pytest.mark.slow
def test_a_huge_upload_needs_little_memory(new_server, tmp_path):
    server = new_server().start()
    alice = make_account(server, "alice")
    path = packages.make_tiny(tmp_path, "flood", extension=".tar.bz2")
    Upload(alice.by_token("warm"), "alice", packages.describe(path)).run()
    upload = Upload(alice.by_token(), "alice", packages.describe(
        packages.make_tiny(tmp_path, "flood", "2.0", extension=".tar.bz2")))
    upload.register()
    stage = upload.stage(sha256=False).json()
    flood = Flood(stage, upload.package.basename)
    before, highest, done = server.memory(), [0], threading.Event()

    def watch():
        while not done.wait(0.05):
            highest[0] = max(highest[0], server.memory())
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        parts = urlsplit(stage["post_url"])
        answer = Client(f"{parts.scheme}://{parts.netloc}").request(
            "POST", parts.path + ("?" + parts.query if parts.query else ""), body=flood, headers={
                "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
                "Content-Length": str(flood.length)})
        answer.expect(201)
    finally:
        done.set()
        watcher.join()
    assert highest[0] - before < 64 << 20, f"{(highest[0] - before) >> 20} MB"
    # Zeros are no package: bounded time, a clear error, and nothing to be seen.
    answer = upload.client.post("/api/commit" + upload.quoted_path, {"dist_id": stage["dist_id"]})
    answer.expect(400, 413, 422)
    server.client().get("/conda/alice/" + upload.package.basename).expect(404)


def test_many_idle_clients_need_little_memory(new_server):
    server = new_server().start()
    clients = [server.client() for _ in range(500)]
    clients[0].get("/healthz").expect(200)
    before = server.memory()
    for client in clients:
        client.get("/healthz").expect(200)
    assert server.memory() - before < 64 << 20
    for client in clients:
        client.close()
