"""Clients that hold a connection without using it are cut; the others never notice."""
import os
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from conftest import make_account
from support import packages
from support.publish import Upload
from support.wait import idle, until

pytestmark = pytest.mark.once

HOST = b"Host: x\r\n"


@pytest.fixture
def quick(new_server):
    """A server with short deadlines."""
    return new_server(options=["--header-seconds", "2", "--idle-seconds", "3"]).start()


def connect(server, receive_buffer=None):
    parts = urlsplit(server.url)
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(90)
    sock.connect((parts.hostname, parts.port))
    return sock


def dribble(sock, data, every, stop):
    """Sends a byte now and then until the server ends the connection."""
    try:
        for byte in data:
            sock.send(bytes([byte]))
            if stop.wait(every):
                return
    except OSError:
        stop.set()


def ends_within(sock, seconds):
    """How long the server keeps the connection, answers included."""
    start = time.monotonic()
    sock.settimeout(seconds)
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        raise AssertionError(f"the connection is still open after {seconds} s") from None
    return time.monotonic() - start


@pytest.mark.parametrize("sent", [
    b"", b"GET", b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-A: ",
    b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\n{",
    b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"])
def test_a_silent_client_is_cut(quick, sent):
    with connect(quick) as sock:
        sock.sendall(sent)
        ends_within(sock, 12)


def test_headers_byte_by_byte_are_cut(quick):
    stop = threading.Event()
    with connect(quick) as sock:
        data = b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 1000
        thread = threading.Thread(target=dribble, args=[sock, data, 0.5, stop])
        thread.start()
        try:
            ends_within(sock, 12)
        finally:
            stop.set()
            thread.join()


def test_many_silent_clients_do_not_disturb_others(quick):
    silent = [connect(quick) for _ in range(300)]
    try:
        for sock in silent[::2]:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nX-A: ")
        for _ in range(20):
            assert quick.client().get("/healthz").status == 200
    finally:
        for sock in silent:
            sock.close()


@pytest.mark.slow
def test_a_body_under_the_least_rate_is_cut(new_server):
    server = new_server(options=["--min-rate", "512"]).start()
    stop = threading.Event()
    with connect(server) as sock:
        sock.sendall(b"POST /api/v1/session HTTP/1.1\r\n" + HOST
                     + b"Content-Length: 100000\r\n\r\n")
        thread = threading.Thread(target=dribble, args=[sock, b"a" * 1000, 0.5, stop])
        thread.start()
        try:
            ends_within(sock, 80)
        finally:
            stop.set()
            thread.join()


@pytest.mark.slow
def test_a_reader_under_the_least_rate_is_cut(new_server, tmp_path):
    """A download that the client hardly reads: 30 MB at some 100 bytes a second."""
    server = new_server(options=["--min-rate", "512"]).start()
    alice = make_account(server, "alice")
    path = packages.make(tmp_path, packages.index_of("large"), {"x": os.urandom(30_000_000)})
    uploader = alice.by_token()
    Upload(uploader, "alice", packages.describe(path)).run()
    uploader.close()
    idle(1)  # other connections have ended
    free = server.sockets()
    with connect(server, receive_buffer=4096) as sock:
        sock.sendall(b"GET /conda/alice/noarch/large-1.0-0.conda HTTP/1.1\r\n" + HOST + b"\r\n")
        assert sock.recv(20).startswith(b"HTTP/1.1 200")
        assert server.sockets() == free + 1

        def cut():
            """Seen at the server: what is on its way hides the end from a client like this."""
            try:
                sock.recv(50)
            except ConnectionResetError:
                return True
            return server.sockets() == free
        until(cut, 80, "the end of the connection", interval=0.5)


def test_an_upload_with_pauses_is_not_cut(new_server, tmp_path):
    """A client that is slow but alive: the pause is shorter than the deadline."""
    server = new_server(options=["--idle-seconds", "10", "--header-seconds", "2"]).start()
    parts = urlsplit(server.url)
    body = b'{"login":"nobody","password":"x"}'
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as sock:
        sock.sendall(b"POST /api/v1/session HTTP/1.1\r\n" + HOST
                     + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 12):
            idle(1.2)
            sock.sendall(body[start:start + 12])
        assert sock.recv(100).startswith(b"HTTP/1.1 401")
