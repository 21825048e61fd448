"""Downloads without pause of a private package while the right to it comes and goes: whoever asks
after a revocation was answered gets nothing, whoever asks after a grant was answered gets it."""
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

from support import channel, packages, secrets
from support.http import Client
from support.publish import Upload
from support.wait import until

READER = "bob"
NAME = "secret"
SEEN_PER_STATE = 3      # requests of each client that must fall wholly between two flips


@dataclass
class Request:
    """start, end: by the monotonic clock, around all that the client did."""
    what: str
    start: float
    end: float
    status: int
    served: bool


@dataclass
class State:
    """From `answered` until the next one's `began`, the package is there for the reader, or not."""
    kind: str
    there: bool
    began: float
    answered: float = None


class Flips:
    """founder: client of whoever owns the organization; reader: account of the reader, who signs in
    by session to make tokens. urls: where the clients download, round and round."""

    def __init__(self, founder, reader, urls, folder, organization="vault"):
        self.founder, self.reader, self.organization = founder, reader, organization
        self.session = reader.by_session()
        self.package = packages.describe(packages.make_tiny(folder, NAME))
        self.urls, self.states, self.requests, self.problems = urls, [], [], []
        self.token = self.shard = None
        self.over, self.lock, self.numbers = threading.Event(), threading.Lock(), {}
        self.send("POST", "/api/v1/organizations", 201, {"login": organization})
        self.send("POST", self._group(), 204, {"perms": "read"})
        self.make_token()
        self.publish()

    # --- what flips -------------------------------------------------------------------------

    def send(self, method, path, status, body=None):
        return self.founder.request(method, path, json_body=body).expect(status)

    def _group(self, rest=""):
        return f"/api/group/{self.organization}/readers{rest}"

    def _package(self, rest=""):
        return f"/api/packages/{self.organization}/{NAME}{rest}"

    def publish(self, access="private"):
        self.send("POST", f"/api/package/{self.organization}/{NAME}", 200, {"access": access})
        Upload(self.founder, self.organization, self.package).run()

    def remove(self):
        self.send("DELETE", f"/api/package/{self.organization}/{NAME}", 201)

    def set_access(self, access):
        self.send("PUT", f"/api/v1/packages/{self.organization}/{NAME}/access", 204,
                  {"access": access})

    def admit(self):
        self.send("PUT", self._package(f"/collaborators/{self.reader.login}"), 201, {"permission": "read"})

    def dismiss(self):
        self.send("DELETE", self._package(f"/collaborators/{self.reader.login}"), 201)

    def join(self):
        self.send("PUT", self._group(f"/members/{self.reader.login}"), 204)

    def part(self):
        self.send("DELETE", self._group(f"/members/{self.reader.login}"), 204)

    def choose(self):
        self.send("PUT", self._group(f"/packages/{NAME}"), 204)

    def unchoose(self):
        self.send("DELETE", self._group(f"/packages/{NAME}"), 204)

    def make_token(self):
        made = self.session.post("/api/authentications", {"note": "flips"}).expect(200)
        self.token = secrets.remember(made.json()["token"])

    def revoke_token(self):
        self.session.delete("/api/authentications/name/flips").expect(201)

    def publish_and_admit(self):
        self.publish()
        self.admit()

    # --- the clients ------------------------------------------------------------------------

    def ways(self):
        """(what, path of a token, whether it goes by header, method, headers)"""
        base = f"/conda/{self.organization}/noarch"
        file = f"{base}/{self.package.filename}"
        dist = f"/api/download/{self.organization}/{NAME}/1.0/{self.package.basename}"
        return [("file by Bearer", lambda: file, True, {}), ("file by path", lambda: file, False, {}),
                ("range by Bearer", lambda: file, True, {"Range": "bytes=3-20"}),
                ("download", lambda: dist, True, {}),
                ("repodata by Bearer", lambda: f"{base}/repodata.json", True, {}),
                ("repodata.json.zst by path", lambda: f"{base}/repodata.json.zst", False, {}),
                ("shard by Bearer", lambda: self.shard, True, {}),
                ("shard by path", lambda: self.shard, False, {})]

    def _read(self, url, what, path, by_header, headers):
        client = Client(url)
        while not self.over.is_set():
            start = time.monotonic()
            token = self.token      # after the start: one that was revoked by then is not used
            sent = {**headers, "Authorization": f"Bearer {token}"} if by_header else headers
            answer = client.request("GET", ("" if by_header else f"/t/{token}") + path(),
                                    headers=sent)
            end = time.monotonic()
            request = Request(what, start, end, answer.status, self._served(what, answer))
            with self.lock:
                self.requests.append(request)
        client.close()

    def _served(self, what, answer):
        if not what.startswith("repodata"):
            return answer.status in (200, 206)
        body = channel.unzstd(answer.body) if ".zst" in what and answer.status == 200 else answer.body
        return self.package.filename.encode() in body

    def _guarded(self, *way):
        try:
            self._read(*way)
        except Exception as problem:    # told by the test, not by a thread
            self.problems.append(f"{way[1]}: {problem!r}")

    @contextmanager
    def load(self):
        threads = [threading.Thread(target=self._guarded, daemon=True,
                                    args=[self.urls[number % len(self.urls)], *way])
                   for number, way in enumerate(self.ways())]
        self._refresh()
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join(60)
        assert not self.problems, self.problems

    # --- flipping ---------------------------------------------------------------------------

    def _refresh(self):
        """Where the shard lies, which is another one when the package was published again."""
        base = f"/conda/{self.organization}"
        digest = channel.shard_index(self.founder, base, "noarch")["shards"].get(NAME)
        if digest:
            self.shard = f"{base}/noarch/shards/{digest.hex()}.msgpack.zst"

    def flip(self, kind, there, change):
        """Does it, and waits until every client has asked in the new state."""
        state = State(kind, there, time.monotonic())
        self.states.append(state)
        change()
        if there:
            self._refresh()
        state.answered = time.monotonic()

        def asked():
            assert not self.problems, self.problems
            with self.lock:
                recent = [it for it in self.requests[-4000:] if it.start >= state.answered]
            counts = [sum(it.what == what for it in recent) for what, *_ in self.ways()]
            return min(counts) >= SEEN_PER_STATE
        until(asked, 60, "a request of each client", interval=0.005)

    def flip_all(self, rounds):
        """Each kind of right so many times; before and after, the reader has none."""
        for turn in range(rounds):
            for kind, grant, revoke, before, after in self.kinds():
                before()
                self.flip(kind, True, grant)
                self.flip(kind, False, revoke)
                after()

    def kinds(self):
        nothing = lambda: None
        return [
            ("access", lambda: self.set_access("authenticated"), lambda: self.set_access("private"),
             nothing, nothing),
            ("public", lambda: self.set_access("public"), lambda: self.set_access("private"),
             nothing, nothing),
            ("collaborator", self.admit, self.dismiss, nothing, nothing),
            ("membership", self.join, self.part, self.choose, self.unchoose),
            ("choice of a group", self.choose, self.unchoose, self.join, self.part),
            ("token", self.make_token, self.revoke_token, self._admit_without_token,
             self._dismiss_with_token),
            ("package", self.publish_and_admit, self.remove, self.remove, self.publish),
        ]

    def _admit_without_token(self):
        self.revoke_token()
        self.admit()

    def _dismiss_with_token(self):
        """The clients have a token again once there is nothing for them to see."""
        self.dismiss()
        self.make_token()

    def check(self):
        """The rule, for every request that lies wholly in one state. The number of such requests."""
        judged = 0
        for state, following in zip(self.states, [*self.states[1:], None]):
            until_when = following.began if following else float("inf")
            for request in self.requests:
                if request.start < state.answered or request.end > until_when:
                    continue
                judged += 1
                assert request.served == state.there, (
                    f"{request.what}: {request.status} {request.start - state.answered:.4f} s after "
                    f"{state.kind} was {'granted' if state.there else 'revoked'}")
                wanted = (200, 206) if state.there else (200, 401, 404)
                assert request.status in wanted, (request, state)
        return judged
