"""Publishing and reading without end, while a test breaks what the server leans on."""
import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from support import packages
from support.publish import Refused, Upload
from support.wait import idle, until

BROKEN = (OSError, ValueError, http.client.HTTPException)


@dataclass
class Answers:
    """What happened to all requests of a load."""
    statuses: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)      # what no client should ever be told
    broken: list = field(default_factory=list)     # connections that ended without an answer
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what, answer, seconds, good):
        with self.lock:
            self.statuses[answer.status] += 1
            self.slowest = max(self.slowest, seconds)
            if answer.status not in good:
                self.wrong.append(f"{what}: {answer.status} {answer.body[:300]!r}")
            if answer.status == 503 and not answer.header("Retry-After"):
                self.wrong.append(f"{what}: 503 without Retry-After")

    def add_broken(self, what, problem, seconds):
        with self.lock:
            self.slowest = max(self.slowest, seconds)
            self.broken.append(f"{what}: {problem!r} after {seconds:.1f} s")


class Watched:
    """A client whose every answer is counted."""

    def __init__(self, client, answers, good):
        self.client, self.answers, self.good = client, answers, good

    def request(self, method, target, **how):
        start, what = time.monotonic(), f"{method} {target}"
        try:
            answer = self.client.request(method, target, **how)
        except BROKEN as problem:
            self.answers.add_broken(what, problem, time.monotonic() - start)
            raise
        self.answers.add(what, answer, time.monotonic() - start, self.good)
        return answer

    def get(self, target):
        return self.request("GET", target)

    def post(self, target, json_body=None):
        return self.request("POST", target, json_body=json_body)

    def close(self):
        self.client.close()


class Load:
    """Threads that publish new small packages of an owner, each until it is answered 200, and
    threads that read the channel. node(): a running server, asked before each try."""

    def __init__(self, node, token, folder, owner="alice", publishers=2, readers=2):
        self.node, self.token, self.folder, self.owner = node, token, folder, owner
        self.answers, self.reads = Answers(), Answers()
        self.acknowledged, self.lock, self.over = [], threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._publish, args=[number], daemon=True)
                        for number in range(publishers)]
        self.threads += [threading.Thread(target=self._read, daemon=True)
                         for _ in range(readers)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(90)
        assert not any(thread.is_alive() for thread in self.threads), "a request hangs"

    def wait_for(self, more, deadline=60):
        """Until so many more uploads are acknowledged."""
        goal = len(self.acknowledged) + more
        until(lambda: len(self.acknowledged) >= goal, deadline, f"{more} more uploads")

    def _publish(self, number):
        count = 0
        while not self.over.is_set():
            path = packages.make_tiny(self.folder, f"load{number}-{count}")
            count += 1
            while not self._try(path) and not self.over.is_set():
                idle(0.05)

    def _try(self, path):
        watched = Watched(self.node().client(token=self.token), self.answers, (200, 201, 404, 409, 503))
        try:
            _Watching(watched, self.owner, packages.describe(path)).run()
        except (Refused, *BROKEN):
            return False
        finally:
            watched.close()
        with self.lock:
            self.acknowledged.append(path)
        return True

    def _read(self):
        while not self.over.is_set():
            watched = Watched(self.node().client(), self.reads, (200, 503))
            try:
                watched.get(f"/conda/{self.owner}/noarch/repodata.json")
                if self.acknowledged:
                    path = self.acknowledged[len(self.acknowledged) // 2]
                    answer = watched.get(f"/conda/{self.owner}/noarch/{path.name}")
                    if answer.status == 200 and answer.body != path.read_bytes():
                        self.reads.wrong.append(f"other bytes of {path.name}")
            except BROKEN:
                pass
            finally:
                watched.close()
            idle(0.01)


class _Watching(Upload):
    """An upload whose form is counted too."""

    def send(self, form=None, post_url=None):
        start = time.monotonic()
        answers = self.client.answers
        try:
            return super().send(form, post_url)
        except Refused:
            raise
        except BROKEN as problem:
            answers.add_broken("form", problem, time.monotonic() - start)
            raise
        finally:
            if "form" in self.answers:
                answers.add("form", self.answers["form"], time.monotonic() - start,
                            self.client.good)
