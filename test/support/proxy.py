"""A TCP proxy between a server and what it leans on, which can be told to misbehave."""
import re
import socket
import struct
import threading
from dataclasses import dataclass

from support.wait import idle

CHUNK = 65536
REQUEST = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")
NEVER = 1 << 60


@dataclass
class Fault:
    """What happens to requests of these methods, so many times."""
    what: str                      # "hang", "delay", "cut", "answer", "call"
    methods: tuple = ("GET", "HEAD", "PUT", "POST", "DELETE")
    times: int = NEVER
    seconds: float = 0.0           # delay: before each answer
    after: int = 0                 # cut: bytes of the answer that pass
    status: int = 0                # answer: instead of the real one
    work: object = None            # call: what is done before the request goes on

    def takes(self, method):
        if self.times > 0 and method in self.methods:
            self.times -= 1
            return True
        return False


class Proxy:
    """Listens on a port of its own. HTTP/1.1 without pipelining, as all clients speak it."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.fault, self.seen, self.pairs = None, [], set()
        self.lock = threading.Lock()
        self.listener = None
        self.port = 0
        self.accept()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    # --- what it is told --------------------------------------------------------------------

    def heal(self):
        self.fault = None
        self.accept()

    def accept(self):
        if self.listener is None:
            self.listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self.listener.getsockname()[1]
            threading.Thread(target=self._accept, args=[self.listener], daemon=True).start()

    def refuse(self):
        """Connections are refused, those that exist are cut."""
        if self.listener is not None:
            listener, self.listener = self.listener, None
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._cut_all()

    def hang(self):
        """Takes everything and answers nothing."""
        self.fault = Fault("hang")

    def delay(self, seconds, **which):
        self.fault = Fault("delay", seconds=seconds, **which)

    def cut(self, after, **which):
        """Ends a connection when so many bytes of an answer have passed."""
        self.fault = Fault("cut", after=after, **which)

    def answer(self, status, **which):
        """Answers by itself, as an S3 server in trouble."""
        self.fault = Fault("answer", status=status, **which)

    def call(self, work, **which):
        """Does something between two requests of a client."""
        self.fault = Fault("call", work=work, **which)

    def close(self):
        self.refuse()

    # --- what it does -----------------------------------------------------------------------

    def _cut_all(self):
        with self.lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            pair.end()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target)
            except OSError:
                near.close()
                continue
            pair = _Pair(self, near, far)
            with self.lock:
                self.pairs.add(pair)
            for work in (pair.requests, pair.answers):
                threading.Thread(target=work, daemon=True).start()


class _Pair:
    """One connection, both of its halves."""

    def __init__(self, proxy, near, far):
        self.proxy, self.near, self.far = proxy, near, far
        self.mine = None           # the fault of the request in flight
        self.passed = 0            # bytes of its answer
        self.lock = threading.Lock()

    def end(self, reset=True):
        with self.lock:
            for it in (self.near, self.far):
                try:
                    if reset and it is self.near:
                        it.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
                    it.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                it.close()
        with self.proxy.lock:
            self.proxy.pairs.discard(self)

    def requests(self):
        try:
            while data := self.near.recv(CHUNK):
                found = REQUEST.match(data)
                if found:
                    self._begin(found)
                if self.mine and self.mine.what == "hang":
                    continue
                if self.mine and self.mine.what == "answer":
                    self._answer(data)
                    return
                if found and self.mine and self.mine.what == "call":
                    self.mine.work()
                self.far.sendall(data)
        except OSError:
            pass
        self.end(reset=False)

    def _begin(self, found):
        method, target = (part.decode() for part in found.groups())
        with self.proxy.lock:
            self.proxy.seen.append(f"{method} {target}")
            fault = self.proxy.fault
            self.mine = fault if fault and fault.takes(method) else None
        self.passed = 0

    def _answer(self, data):
        """Takes the whole request first: who still sends may not read."""
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        left = int(length.group(1)) - len(body) if length else 0
        if re.search(rb"(?i)\r\nexpect:", head):
            left = 0
        while left > 0 and (more := self.near.recv(CHUNK)):
            left -= len(more)
        words = b"<Error><Code>InternalError</Code><Message>made for a test</Message></Error>"
        self.near.sendall(b"HTTP/1.1 %d Trouble\r\nContent-Type: application/xml\r\n"
                          b"Content-Length: %d\r\nConnection: close\r\n\r\n%s"
                          % (self.mine.status, len(words), words))
        self.near.shutdown(socket.SHUT_WR)
        self.near.settimeout(5)
        while self.near.recv(CHUNK):
            pass
        self.end(reset=False)

    def answers(self):
        try:
            while data := self.far.recv(CHUNK):
                fault = self.mine
                if fault and fault.what == "delay" and self.passed == 0:
                    idle(fault.seconds)
                if fault and fault.what == "cut" and self.passed + len(data) > fault.after:
                    self.near.sendall(data[:max(0, fault.after - self.passed)])
                    break
                self.passed += len(data)
                self.near.sendall(data)
        except OSError:
            pass
        self.end(reset=False)
