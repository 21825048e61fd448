"""kill -9 under load: what was acknowledged survives whole, what was not is whole or absent."""
import hashlib
import random
import threading

import pytest

from conftest import make_account
from support import channel, packages
from support.publish import Refused, Upload
from support.wait import idle

UPLOADS, THREADS, KILLS = 200, 5, 6


class Load:
    """Threads that upload a list of packages, each at most once to an answer."""

    def __init__(self, server, token, paths):
        self.server, self.token = server, token
        self.waiting = list(reversed(paths))
        self.acknowledged, self.begun, self.refused = [], [], []
        self.lock = threading.Lock()
        self.up = threading.Event()
        self.progress = threading.Condition(self.lock)

    def next_path(self):
        with self.lock:
            if not self.waiting:
                return None
            path = self.waiting.pop()
            self.begun.append(path)
            return path

    def work(self):
        while (path := self.next_path()) is not None:
            self.up.wait()
            client = self.server.client(token=self.token)
            try:
                Upload(client, "alice", packages.describe(path)).run()
                with self.lock:
                    self.acknowledged.append(path)
                    self.progress.notify_all()
            except Refused as refused:
                with self.lock:
                    self.refused.append((path, str(refused)))
            except (OSError, ValueError, __import__("http.client").client.HTTPException):
                pass  # the server died: no answer, no promise
            finally:
                client.close()

    def wait_for(self, count, deadline=120):
        with self.lock:
            ready = self.progress.wait_for(
                lambda: len(self.acknowledged) >= count or not self.waiting, deadline)
        assert ready, f"only {len(self.acknowledged)} uploads were acknowledged"


def check(server, load, paths):
    """Acknowledged: listed everywhere and downloadable. Others: absent, or just as whole."""
    client = server.client()
    listed = channel.listed(client, "/conda/alice", "noarch")
    missing = [path.name for path in load.acknowledged if path.name not in listed]
    assert not missing, f"acknowledged uploads were lost: {missing}"
    by_name = {path.name: path for path in paths}
    for filename, record in listed.items():
        data = by_name[filename].read_bytes()
        assert record["sha256"] == hashlib.sha256(data).hexdigest()
        assert client.get(f"/conda/alice/noarch/{filename}").expect(200).body == data
    for path in load.begun:
        if path.name in listed:
            continue
        package = packages.describe(path)
        client.get(f"/conda/alice/noarch/{path.name}").expect(404)
        client.get(f"/api/dist/alice/{package.name}/{package.version}/{package.basename}"
                   ).expect(404)
        shown = client.get(f"/api/package/alice/{package.name}")
        assert shown.status == 404 or shown.json()["files"] == []
    return listed


@pytest.mark.slow
def test_random_kills_under_load(new_server, tmp_path):
    dice = random.Random(20)
    server = new_server().start()
    token = make_account(server, "alice").token()
    paths = [packages.make_tiny(tmp_path / "packages", f"pkg{i}",
                                extension=dice.choice(packages.EXTENSIONS))
             for i in range(UPLOADS)]
    load = Load(server, token, paths)
    load.up.set()
    threads = [threading.Thread(target=load.work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        for kill in range(KILLS):
            load.wait_for((kill + 1) * UPLOADS // (KILLS + 3))
            idle(dice.random() * 0.05)
            load.up.clear()
            server.kill()
            server.start()
            load.up.set()
    finally:
        load.up.set()
        for thread in threads:
            thread.join(120)
    assert not load.refused, load.refused[:3]
    assert len(load.acknowledged) > UPLOADS // 2
    listed = check(server, load, paths)
    # What was cut is uploaded again without trouble, and then all is there.
    client = server.client(token=token)
    for path in paths:
        if path.name not in listed:
            Upload(client, "alice", packages.describe(path)).run()
    assert len(channel.listed(client, "/conda/alice", "noarch")) == UPLOADS
    assert server.terminate() == 0
    server.start()
    assert len(channel.listed(server.client(), "/conda/alice", "noarch")) == UPLOADS


def test_the_bytes_of_cut_uploads_do_not_pile_up(new_server, tmp_path):
    """What a killed server had half received is gone after its next start."""
    import socket
    from urllib.parse import urlsplit
    from support.publish import BOUNDARY, form_body
    server = new_server().start()
    token = make_account(server, "alice").token()
    path = packages.make(tmp_path, packages.index_of("large"), {"x": random.randbytes(3_000_000)})
    upload = Upload(server.client(token=token), "alice", packages.describe(path))
    upload.register()
    stage = upload.stage().json()
    body = form_body(stage["form_data"], upload.package.basename, upload.data)
    parts = urlsplit(stage["post_url"])
    with socket.create_connection((parts.hostname, parts.port)) as sock:
        sock.sendall(f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                     f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:-100_000])
        server.kill()
    server.start()
    large = [path for path in server.data.rglob("*")
             if path.is_file() and path.stat().st_size > 2_000_000]
    assert not large, large
