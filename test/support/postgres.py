"""PostgreSQL for tests: a cluster of our own in a temporary folder, reached by a unix socket."""
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from support import secrets
from support.wait import until

SHARED = "TERRARIUM_TEST_POSTGRES"     # the URL of a superuser, where test/run has started one
ROLE = "terrarium"                     # whom the servers connect as: no superuser
CALL_SECONDS = 120
_numbers = itertools.count()


def programs():
    """The folder of PostgreSQL's programs, the newest that is installed; None without any."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda folder: int(folder.parent.name))
    other = shutil.which("postgres")
    return Path(other).resolve().parent if other else None


class Cluster:
    """A PostgreSQL that runs, and the right to do everything in it."""

    def __init__(self, admin_url):
        parts = urlsplit(admin_url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.admin_url, self.socket, self.user = admin_url, query["host"], query["user"]
        self.password = query.get("role_password", "")

    def psql(self, sql, database="postgres", check=True):
        """What the statements give: a line for each row, "|" between columns."""
        done = subprocess.run(self._psql_words(database, "-c", sql), capture_output=True,
                              text=True, timeout=CALL_SECONDS)
        assert done.returncode == 0 or not check, f"{sql}: {done.stderr}"
        return done.stdout.strip()

    def session(self, database="postgres"):
        """A psql that stays: statements go to .stdin, answers come from .stdout."""
        return subprocess.Popen(self._psql_words(database), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                bufsize=1)

    def _psql_words(self, database, *more):
        return [programs() / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1",
                "-h", self.socket, "-U", self.user, "-d", database, *more]

    def create_database(self, name=None, template="template1"):
        """A new database, and its URL for a server."""
        name = name or f"t{os.getpid()}_{next(_numbers)}"
        self.psql(f'CREATE DATABASE "{name}" OWNER {ROLE} TEMPLATE "{template}"')
        return self.url(name)

    def url(self, database):
        return (f"postgresql://{ROLE}:{secrets.remember(self.password)}@/{database}"
                f"?host={quote(self.socket)}")

    def drop_database(self, url):
        self.psql(f'DROP DATABASE IF EXISTS "{database_of(url)}" WITH (FORCE)')


def database_of(url):
    return urlsplit(url).path.lstrip("/")


class Postgres(Cluster):
    """One that is ours to start, stop and kill. fsync: as an administrator has it; without, what
    many databases in a short life need."""

    def __init__(self, fsync=True, settings=()):
        assert programs(), "PostgreSQL is not installed"
        self.folder = Path(tempfile.mkdtemp(prefix="terrarium-pg-"))
        self.data, self.log_path = self.folder / "data", self.folder / "log"
        password = secrets.password()
        super().__init__(f"postgresql:///postgres?host={quote(str(self.folder))}"
                         f"&user=postgres&role_password={password}")
        # It ends when we do, however we end.
        self.process, self.prefix = None, ["setpriv", "--pdeathsig", "KILL"]
        self.settings = ["max_connections=400", "shared_buffers=64MB",
                         "unix_socket_directories=" + str(self.folder), "listen_addresses=",
                         # What makes a start after a kill slow, and is of no use here.
                         "max_wal_size=512MB", "autovacuum_naptime=10s", *settings]
        if not fsync:
            self.settings += ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
        self._create()

    def _create(self):
        """As Debian does it, but with an order of text that is not that of its bytes: what sorts
        in the database must say how."""
        if os.geteuid() == 0:                   # whom PostgreSQL refuses
            user = _somebody()
            self.prefix += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--auth=trust",
                  "--no-sync", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
        rules = self.folder / "hba"
        rules.write_text(f"local all {ROLE} scram-sha-256\nlocal all all trust\n")
        rules.chmod(0o644)

    def _run(self, program, *words):
        subprocess.run([*self.prefix, programs() / program, *map(str, words)], check=True,
                       cwd=self.folder, stdout=subprocess.DEVNULL, timeout=CALL_SECONDS)

    def start(self):
        first = not self.log_path.exists()
        words = [f"hba_file={self.folder / 'hba'}", *self.settings]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, programs() / "postgres", "-D", self.data,
                 *(part for word in words for part in ("-c", word))],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        until(self.answers, 60, "the start of PostgreSQL")
        if first:
            self.psql(f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self.password}'")
        return self

    def answers(self):
        assert self.process.poll() is None, self.log_path.read_text(errors="replace")[-2000:]
        done = subprocess.run(self._psql_words("postgres", "-c", "SELECT 1"), capture_output=True,
                              timeout=CALL_SECONDS)
        return done.returncode == 0

    def stop(self, how=signal.SIGINT):
        """SIGINT, "fast": ends sessions and writes all down. SIGTERM waits for the sessions."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(CALL_SECONDS)

    def kill(self):
        """All of its processes at once, as when the machine loses power (but for the disk)."""
        family = _family(self.process.pid)
        _signal(family, signal.SIGKILL)
        self.process.wait()
        # One that outlived it for a moment would hold the shared memory.
        until(lambda: not any(_alive(pid) for pid in family), 20, "the end of PostgreSQL")
        for path in self.folder.glob(".s.PGSQL.*"):
            path.unlink()

    def restart(self):
        self.stop()
        return self.start()

    def pause(self):
        """It holds its connections and answers nothing, as behind a broken network."""
        _signal(_family(self.process.pid), signal.SIGSTOP)

    def resume(self):
        _signal(_family(self.process.pid), signal.SIGCONT)

    def close(self):
        """Stopped and removed."""
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _family(parent):
    """A process and its children, the parent first: it makes no more when it is stopped."""
    found = [parent]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue                            # it has just ended
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found


def _signal(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _somebody():
    """The user whom Debian's package makes, or the one who owns nothing."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise AssertionError("there is neither a user postgres nor nobody")


def shared():
    """The cluster that test/run has started for all suites, or None."""
    url = os.environ.get(SHARED)
    return Cluster(url) if url else None
