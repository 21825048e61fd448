"""Where the servers of the tests keep their data: in their folders, or in PostgreSQL and S3.

TERRARIUM_TEST_STORES says which: "embedded" (default) or "postgresql+s3". PostgreSQL and SeaweedFS
are those that test/run has started for all suites, or our own at first use."""
import atexit
import functools
import itertools
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from support import postgres, s3

EMBEDDED, NETWORKED = "embedded", "postgresql+s3"
STORES = os.environ.get("TERRARIUM_TEST_STORES", EMBEDDED)
assert STORES in (EMBEDDED, NETWORKED), f"TERRARIUM_TEST_STORES: {STORES}"
BUCKET = "terrarium"
_numbers = itertools.count()
_places = {}


@functools.cache
def cluster():
    found = postgres.shared()
    if found is None:
        found = postgres.Postgres(fsync=False).start()
        atexit.register(found.close)
    return found


@functools.cache
def bucketeer():
    found = s3.shared()
    if found is None:
        found = s3.SeaweedFS().start()
        atexit.register(found.close)
    found.make_bucket(BUCKET)
    return found


@dataclass
class Place:
    """One place of data. The settings go by the environment, where no list of processes shows the
    passwords. Servers with the same place are nodes of one site."""
    env: dict = field(default_factory=dict)
    cluster: postgres.Cluster = None
    database: str = ""            # its URL
    prefix: str = ""              # of the keys in the bucket

    def keys(self):
        return bucketeer().keys(BUCKET, self.prefix + "/")

    def key_of(self, sha256):
        """The key of the object with this digest."""
        return f"{self.prefix}/{sha256[:2]}/{sha256}"

    def psql(self, sql):
        return self.cluster.psql(sql, postgres.database_of(self.database))

    def session(self):
        return self.cluster.session(postgres.database_of(self.database))

    def drop(self):
        """The files stay until the S3 server goes: they are small."""
        if self.cluster:
            self.cluster.drop_database(self.database)


@functools.cache
def _with_tables():
    """A database in which a server has made its tables already: copying it is faster."""
    from support.server import run
    url = cluster().create_database()
    with tempfile.TemporaryDirectory() as folder:
        done = run("admin", "user", "list", "--data", folder, env={"TERRARIUM_DB": url})
    assert done.returncode == 0, done.stderr
    return postgres.database_of(url)


def networked(where=None, endpoint=None):
    """A new place in PostgreSQL and S3. where: another cluster than the common one, in which the
    first server makes the tables. endpoint: the address of S3, if there is something in between."""
    if where:
        url = where.create_database()
    else:
        where = cluster()
        url = where.create_database(template=_with_tables())
    prefix = f"{os.getpid()}/{next(_numbers)}"
    return Place({"TERRARIUM_DB": url, **bucketeer().settings(BUCKET, prefix, endpoint)},
                 where, url, prefix)


def place_of(data):
    """The place that belongs to a data folder: a server that is started again finds its data."""
    key = str(Path(data).absolute())
    if key not in _places:
        _places[key] = networked() if STORES == NETWORKED else Place()
    return _places[key]


def forget(data):
    """The end of the tests with this folder."""
    place = _places.pop(str(Path(data).absolute()), None)
    if place:
        place.drop()
