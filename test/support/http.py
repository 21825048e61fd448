"""A small HTTP client that sends exactly what a test says and hides nothing of the answer."""
import base64
import http.client
import json
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT = 60


@dataclass
class Answer:
    method: str
    target: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes = field(repr=False)

    def header(self, name):
        return self.headers.get(name)

    @property
    def etag(self):
        return self.headers.get("ETag")

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def expect(self, *statuses):
        assert self.status in statuses, (
            f"{self.method} {self.target}: {self.status}, not {statuses}: {self.body[:600]!r}")
        return self

    @property
    def error(self):
        """The text that anaconda-client shows its user."""
        return self.json()["error"]

    @property
    def detail(self):
        """The text that conda shows its user."""
        return self.json()["detail"]


class Client:
    """One caller: an address, credentials, and one connection that is kept alive."""

    def __init__(self, url, token=None, basic=None, cookie=None, bearer=None):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.credentials = {}
        if token is not None:
            self.credentials["Authorization"] = f"token {token}"
        if bearer is not None:
            self.credentials["Authorization"] = f"Bearer {bearer}"
        if basic is not None:
            pair = ":".join(basic).encode()
            self.credentials["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        if cookie is not None:
            self.credentials["Cookie"] = f"terrarium_session={cookie}"
        self.connection = None

    def request(self, method, target, body=None, headers=None, json_body=None):
        """body: bytes, or an iterable of bytes with Content-Length among the headers."""
        sent = dict(self.credentials)
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        if body is None and method in ("POST", "PUT", "PATCH", "DELETE"):
            sent.setdefault("Content-Length", "0")
        try:
            return self._send(method, target, body, sent)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError,
                http.client.CannotSendRequest):
            self.close()
            if method not in ("GET", "HEAD"):
                raise
            return self._send(method, target, body, sent)
        except BaseException:
            self.close()
            raise

    def _send(self, method, target, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        elif self.connection.sock is not None and _closed(self.connection.sock):
            self.connection.close()
        self.connection.request(method, target, body=body, headers=headers)
        response = self.connection.getresponse()
        answer = Answer(method, target, response.status, response.headers, response.read())
        if response.will_close:
            self.close()
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, target, **headers):
        return self.request("GET", target, headers=_names(headers))

    def head(self, target, **headers):
        return self.request("HEAD", target, headers=_names(headers))

    def post(self, target, json_body=None, **headers):
        return self.request("POST", target, json_body=json_body, headers=_names(headers))

    def delete(self, target, **headers):
        return self.request("DELETE", target, headers=_names(headers))


def _names(headers):
    """if_none_match="x" -> {"If-None-Match": "x"}"""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def _closed(sock):
    """True when the server has closed a connection that waits for its next request."""
    sock.settimeout(0)
    try:
        return sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(TIMEOUT)


def raw(url, data, timeout=20):
    """Sends bytes as they are; returns all that comes back until the server closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=timeout) as sock:
        try:
            sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return drain(sock)


def drain(sock):
    received = b""
    while True:
        try:
            chunk = sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return received
        if not chunk:
            return received
        received += chunk


def statuses(received):
    """The status codes of the answers in a byte stream (bodies of ours hold no status lines)."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", received)]
