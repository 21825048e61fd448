"""Runs the program under test."""
import json
import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path

from support import secrets, stores
from support.http import Client
from support.wait import until

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TERRARIUM_BIN", ROOT / "build" / "terrarium"))
REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
           "runtime error:", "MemorySanitizer")
# All tests come from one address, and many of them are refused on purpose.
UNLIMITED = {f"TERRARIUM_{name}_RATE": "0" for name in (
    "SIGN_IN", "SIGN_IN_ACCOUNT", "SIGN_IN_ADDRESS", "SIGN_UP", "SETUP", "TOKEN", "REFUSAL")}


def environment(more=None):
    """Ours, without the variables of the tests: the program takes TERRARIUM_* for its settings."""
    return {**{name: value for name, value in os.environ.items()
               if not name.startswith("TERRARIUM_")}, **(more or {})}


def built_with(word, binary=BINARY):
    """Whether a text stands in the program: sanitizers and fault points leave theirs."""
    return Path(binary).exists() and word in Path(binary).read_bytes()


def sanitized():
    """Sanitizers need memory and time of their own."""
    return built_with(b"__asan_init") or built_with(b"__tsan_init")


class Server:
    """One server on one data folder. May be stopped, killed and started again.

    place: where its data lie (support.stores); by default in the folder, or in a database and
    bucket that belong to the folder, as TERRARIUM_TEST_STORES says. limited: with its own limits on
    what may be tried how often, else without any."""

    def __init__(self, data=None, options=(), env=None, binary=BINARY, place=None, limited=False):
        self.data = Path(data or tempfile.mkdtemp(prefix="terrarium-"))
        self.options, self.env, self.binary = list(options), dict(env or {}), binary
        self.place = place or stores.place_of(self.data)
        self.limits = {} if limited else UNLIMITED
        self.listen = "127.0.0.1:0"
        self.process = self.url = None
        self.stopped = False      # by a test
        self.output = []          # lines of stdout, of all starts
        self.log_path = self.data.parent / (self.data.name + ".log")
        self._started = threading.Event()

    # --- life -------------------------------------------------------------------------------

    def start(self, wait=True):
        self._started.clear()
        self.stopped = False
        self.url = None
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--data", self.data, "--listen", self.listen,
                 *self.options],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                env=environment({**self.limits, **self.place.env, **self.env}))
        threading.Thread(target=self._read_output, args=[self.process], daemon=True).start()
        if wait:
            self.wait_ready()
        return self

    def _read_output(self, process):
        with process.stdout:
            for line in process.stdout:
                self.output.append(line)
                found = re.search(r"http://127\.0\.0\.1:[0-9]+", line)
                if found and self.url is None:
                    self.url = found.group()
                    self._started.set()

    def wait_ready(self, deadline=30):
        def ready():
            assert self.process.poll() is None, f"the server ended: {self.log()[-2000:]}"
            if self.url is None:
                return False
            try:
                return Client(self.url).get("/readyz").status == 200
            except OSError:
                return False
        until(ready, deadline, "a server that is ready")

    def terminate(self, deadline=40):
        """SIGTERM; returns the exit code."""
        self.stopped = True
        self.process.terminate()
        return self.process.wait(deadline)

    def kill(self):
        self.stopped = True
        self.process.kill()
        return self.process.wait()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def finish(self):
        """The end of every test's server: an orderly one, with a clean log."""
        if self.running():
            assert self.terminate() == 0, f"SIGTERM was not obeyed: {self.log()[-2000:]}"
        self.check_log()
        assert self.stopped or self.process is None, (
            f"the server ended by itself, status {self.process.returncode}: {self.log()[-2000:]}")

    def check_log(self):
        log = self.log()
        for report in REPORTS:
            assert report not in log, log[max(0, log.find(report) - 200):][:6000]
        assert not secrets.found_in(log), "the log holds secrets of the tests"

    # --- use --------------------------------------------------------------------------------

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def client(self, **credentials):
        return Client(self.url, **credentials)

    def setup_link(self):
        """The path of the one-time link that the first start prints: "/setup/CODE"."""
        for line in self.output:
            found = re.search(r"/setup/[^\s\"<>]+", line)
            if found:
                return found.group()
        return None

    def command(self, *words, stdin="", check=True, timeout=60):
        """Runs `terrarium WORDS --data FOLDER`, beside the server or without it."""
        done = run(*words, "--data", str(self.data), stdin=stdin, binary=self.binary,
                   env=self.place.env, timeout=timeout)
        if check:
            assert done.returncode == 0, f"{words}: {done.returncode} {done.stdout}{done.stderr}"
        return done

    def memory(self):
        """Resident bytes of the serving process."""
        return _status(self.process.pid, "VmRSS") * 1024

    def sockets(self):
        """How many sockets the serving process holds."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        return sum(os.readlink(it).startswith("socket:") for it in folder.iterdir())


def run(*words, stdin="", binary=BINARY, env=None, timeout=60):
    return subprocess.run([binary, *words], input=stdin, capture_output=True, text=True,
                          timeout=timeout, env=environment(env))


def routes():
    """The route table, as the program prints it."""
    done = run("routes")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _status(pid, key):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)
