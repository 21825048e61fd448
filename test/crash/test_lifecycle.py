"""Starting and stopping: one server for each folder, orderly ends."""
import re
import threading
import time
from urllib.parse import urlsplit

from conftest import make_account
from support import channel, packages
from support.http import Client
from support.publish import BOUNDARY, Upload, form_body
from support.server import run
from support.wait import idle, until


def test_a_second_server_on_the_same_folder_refuses(new_server):
    first = new_server().start()
    second = new_server(data=first.data)
    second.log_path = first.data.parent / "second.log"
    second.start(wait=False)
    assert second.process.wait(20) != 0
    assert re.search(r"lock|another|in use|already", second.log(), re.IGNORECASE), second.log()
    assert str(first.process.pid) in second.log()
    first.client().get("/healthz").expect(200)


def test_a_killed_server_leaves_no_lock_behind(new_server):
    server = new_server().start()
    server.kill()
    server.start()
    server.client().get("/healthz").expect(200)


def test_a_taken_port_is_told(new_server):
    first = new_server().start()
    port = urlsplit(first.url).port
    done = run("serve", "--data", str(first.data.parent / "other"), "--listen", f"127.0.0.1:{port}",
               timeout=20)
    assert done.returncode != 0
    assert str(port) in done.stderr


def test_sigterm_without_requests_ends_quickly(new_server):
    server = new_server().start()
    keep_alive = server.client()
    keep_alive.get("/healthz").expect(200)
    start = time.monotonic()
    assert server.terminate() == 0
    assert time.monotonic() - start < 8


def test_sigint_ends_in_order_too(new_server):
    import signal
    server = new_server().start()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20) == 0


class Slow:
    """A form that is sent in pieces."""

    def __init__(self, body, begun, rest):
        self.body, self.begun, self.rest = body, begun, rest

    def __iter__(self):
        half = len(self.body) // 2
        yield self.body[:half]
        self.begun.set()
        self.rest.wait(20)
        yield self.body[half:]


def test_sigterm_lets_an_upload_in_flight_finish(new_server, tmp_path):
    server = new_server().start()
    token = make_account(server, "alice").token()
    upload = Upload(server.client(token=token), "alice",
                    packages.describe(packages.make_tiny(tmp_path, "flying")))
    upload.register()
    stage = upload.stage().json()
    body = form_body(stage["form_data"], upload.package.basename, upload.data)
    begun, rest, answers = threading.Event(), threading.Event(), []
    parts = urlsplit(stage["post_url"])

    def send():
        answers.append(Client(server.url).request(
            "POST", parts.path + ("?" + parts.query if parts.query else ""),
            body=Slow(body, begun, rest), headers={
                "Content-Length": str(len(body)),
                "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}))
    sender = threading.Thread(target=send)
    sender.start()
    assert begun.wait(20)
    idle(0.2)  # the first half is on the server's side
    server.process.terminate()
    until(lambda: _refuses_connections(server), 10, "the end of listening")
    assert server.running()
    rest.set()
    sender.join(30)
    assert answers and answers[0].status == 201
    assert server.process.wait(30) == 0
    server.start()
    client = server.client(token=token)
    upload.client = client
    upload.commit()
    assert upload.package.filename in channel.listed(client, "/conda/alice", "noarch")


def _refuses_connections(server):
    try:
        return Client(server.url).get("/readyz").status == 503
    except OSError:
        return True


def test_everything_survives_an_orderly_restart(new_server, tmp_path):
    server = new_server().start()
    alice = make_account(server, "alice")
    token = alice.token()
    for number in range(3):
        path = packages.make_tiny(tmp_path, f"kept{number}")
        Upload(server.client(token=token), "alice", packages.describe(path)).run()
    before = server.client().get("/conda/alice/noarch/repodata.json")
    assert server.terminate() == 0
    server.start()
    after = server.client().get("/conda/alice/noarch/repodata.json")
    assert after.body == before.body and after.etag == before.etag
    server.client(token=token).get("/api/user").expect(200)
    alice.session()


def test_the_folder_is_closed_to_other_users(new_server):
    server = new_server().start()
    assert server.data.stat().st_mode & 0o077 == 0
    for path in server.data.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o007 == 0, path
