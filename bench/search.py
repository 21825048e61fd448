"""Measures searches over many packages at the HTTP level, on SQLite and on PostgreSQL, beside the full
text search that each engine offers by the book, over the same names, summaries and keywords.

    bench/search.py [--packages N] [--queries N] [--engine sqlite|postgresql] [--keep FOLDER]

The packages are made up from the names of conda-forge; their rows are written into the database of a
server, which then makes what they are found by. Both engines are asked by the same terms, so
PostgreSQL gets those that SQLite's server made, where it was measured before.

One client asks, one query after the other, each other than the one before. All queries of a class are
asked once before; then the shortest of three times of each counts. Besides the time that the client
waited, there is the processor time of the server's threads and of its database's process, which
neighbours on the machine change little: "cpu"."""
import argparse
import bisect
import hashlib
import itertools
import json
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test"))

from conftest import make_account  # noqa: E402
from support import packages, postgres  # noqa: E402
from support.server import Server  # noqa: E402
from support.stores import Place  # noqa: E402
from support.wait import until  # noqa: E402

NOW_MS = 1_790_000_000_000
ALL_FILLED = 2**63 - 1
ROUNDS = 3            # of which the shortest time counts
LET_IN = 2000         # private packages that the reader may see
FACETS = ("type", "platform", "owner", "license", "label", "access")
BOOK_QUERIES = 20     # of each class: some take seconds
BOOK_CLASSES = ("exact name", "1 letter", "2 letters", "3 letters", "4 letters", "two words",
                "common word", "nothing there")


# --- packages ---------------------------------------------------------------------------------

PREFIXES = ("py", "python-", "lib", "r-", "django-", "flask-", "pytest-", "go-", "rust-", "types-",
            "jupyter-", "x")
SUFFIXES = ("-client", "-core", "-tools", "-utils", "-api", "-cpp", "-dev", "-static", "-data",
            "-plugin", "-server", "-extras", "-cli", "-test", "2", "3", "-ng", "-lite", "-fork",
            "_utils", "x", "-py")
COMMON = """the a library for of and to with python package tools provides simple fast data interface
    client api support using in parsing web framework analysis file testing utility utilities wrapper
    bindings implementation scientific computing machine learning neural network statistical model
    time series image processing plotting visualization json xml yaml http server async database sql
    orm cli command line terminal color text string regex unicode date calendar math linear algebra
    sparse matrix optimization graph network geo spatial map raster vector climate genome sequence
    alignment protein molecule chemistry physics astronomy simulation solver finite element mesh
    parallel distributed cluster cloud aws google azure kubernetes docker container build compile
    cmake compiler plugin extension module header only rust java javascript fortran julia cython
    """.split()
PLATFORMS = ("noarch", "linux-64", "osx-64", "win-64", "osx-arm64", "linux-aarch64")
LICENSES = ("MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-only", "LGPL-2.1-only", "MPL-2.0")
KINDS = ("pypi", "r", "ipynb", "env", "file")
OWNERS = 20_000


class Weighted:
    """Chooses by weights, quickly."""

    def __init__(self, dice, items, weights):
        self.dice, self.items = dice, items
        self.sums = list(itertools.accumulate(weights))

    def one(self):
        return self.items[bisect.bisect(self.sums, self.dice.random() * self.sums[-1])]

    def some(self, count):
        return [self.one() for _ in range(count)]


def real_names():
    folder = packages.data_folder()
    for path in sorted((folder / "facts").glob("conda-forge-output-names.txt*")) if folder else ():
        if path.suffix == ".zst":
            return subprocess.run(["zstd", "-dc", path], capture_output=True, text=True,
                                  check=True).stdout.split()
        return path.read_text().split()
    raise SystemExit("the names of conda-forge are absent (TERRARIUM_TEST_DATA)")


def make_up(count, seed=7):
    """Packages as tuples: owner (a number), name, access, summary, keywords, kind, platforms, label,
    licence, downloads, time. Some names belong to many owners; most owners have few packages."""
    dice, real = random.Random(seed), real_names()
    parts = {}
    for name in real:
        for word in re.split("[-_.]", name):
            if len(word) > 2:
                parts[word] = parts.get(word, 0) + 1
    word = Weighted(dice, list(parts), parts.values())
    common = Weighted(dice, COMMON, [1 / (n + 3) for n in range(len(COMMON))])
    owner = Weighted(dice, range(1, OWNERS + 1), [1 / (n + 5) for n in range(OWNERS)])
    shuffled = dice.sample(real, len(real))
    liked = Weighted(dice, shuffled, [1 / (n + 10) for n in range(len(shuffled))])
    seen = set()
    while len(seen) < count:
        name, way, whose = _name(dice, real, liked, word), dice.random(), owner.one()
        if (whose, name) in seen:
            continue
        seen.add((whose, name))
        kind = "conda" if way < 0.7 else dice.choice(KINDS)
        yield (whose, name, "public" if dice.random() < 0.85 else
               "authenticated" if dice.random() < 0.3 else "private",
               " ".join(common.some(dice.randint(4, 10)) + word.some(dice.randint(0, 2))),
               word.some(dice.choice((0, 0, 0, 1, 3))), kind,
               dice.sample(PLATFORMS, dice.randint(1, 2)) if kind == "conda" else [""],
               "main" if dice.random() < 0.9 else "dev", dice.choice(LICENSES),
               min(int(dice.paretovariate(0.5)) - 1, 10**9),
               NOW_MS - dice.randrange(150_000_000_000))


def _name(dice, real, liked, word):
    way = dice.random()
    base = liked.one() if dice.random() < 0.4 else dice.choice(real)
    if way < 0.35:
        name = base
    elif way < 0.55:
        name = base + dice.choice(SUFFIXES)
    elif way < 0.70:
        name = dice.choice(PREFIXES) + base
    elif way < 0.85:
        name = f"{base}-{word.one()}"
    else:
        name = word.one() + dice.choice("-_") + word.one()
    return name[:64]


# --- rows -------------------------------------------------------------------------------------


def rows_of(made):
    """(table, row) of packages: what publishing each of them would have written, as far as it is
    searched."""
    release = file = 0
    for owner in range(1, OWNERS + 1):
        yield "account", (owner, f"user{owner}", "user", "", None, "", "", "", "", "", "", 0, "",
                          NOW_MS)
        yield "label", (2 * owner - 1, owner, "main", 0)
        yield "label", (2 * owner, owner, "dev", 0)
    for number, it in enumerate(made, 1):
        owner, name, access, summary, keywords, kind, platforms, label, license, count, time_ms = it
        attrs = json.dumps({"keywords": keywords, "license": license})
        yield "package", (number, owner, name, summary, attrs, "1.0", time_ms, time_ms, access)
        if count:
            yield "package_download_total", (number, count)
        release += 1
        yield "release", (release, number, "1.0", "{}", time_ms)
        for platform in platforms:
            file += 1
            filename = f"{name}-1.0-0.conda"
            basename = f"{platform}/{filename}" if platform else filename
            yield "file", (file, owner, number, release, kind, basename, platform, filename, "0" * 64,
                           "0" * 32, 1, "{}", "{}", "{}", "{}", "", 0, time_ms, None,
                           f"{number}/{basename}")
            yield "file_label", (file, 2 * owner - (label == "main"))


COLUMNS = {
    "account": "id, login, kind, email, email_key, password_hash, name, company, location, url, "
               "description, superuser, terms_version, created_ms",
    "label": "id, account_id, name, locked",
    "package": "id, account_id, name, summary, attrs, latest_version, created_ms, updated_ms, access",
    "package_download_total": "package_id, count",
    "release": "id, package_id, version, attrs, created_ms",
    "file": "id, account_id, package_id, release_id, type, basename, subdir, filename, sha256, md5, "
            "size, record, run_exports, about, facts, description, build_timestamp_ms, uploaded_ms, "
            "uploader_id, name_key",
    "file_label": "file_id, label_id",
}


class Sqlite:
    """The database of a server that does not run."""
    name = "SQLite"

    def __init__(self, folder):
        self.place, self.path = Place({}), folder / "data" / "terrarium.db"

    def connect(self):
        db = sqlite3.connect(self.path)
        db.execute("PRAGMA mmap_size=268435456")    # as the server has it
        return db

    def write(self, rows):
        db = self.connect()
        db.execute("PRAGMA synchronous=OFF")
        for table, batch in batches(rows):
            marks = ", ".join("?" * len(batch[0]))
            db.executemany(f"INSERT INTO {table} ({COLUMNS[table]}) VALUES ({marks})", batch)
        db.commit()
        db.close()

    def number(self, sql):
        db = sqlite3.connect(self.path, timeout=60)
        try:
            return db.execute(sql).fetchone()[0]
        finally:
            db.close()

    def change(self, sql):
        db = self.connect()
        db.executescript(sql)
        db.close()

    def megabytes(self):
        return {"all": self.path.stat().st_size / 1e6,
                "search": self.number("SELECT SUM(pgsize) FROM dbstat WHERE name LIKE 'search%'") / 1e6}

    # --- by the book ---

    BOOK = """
        CREATE VIRTUAL TABLE book USING fts5 (name, summary, keywords, prefix='2 3');
        INSERT INTO book (rowid, name, summary, keywords)
            SELECT id, name, summary, attrs ->> '$.keywords' FROM package;
        INSERT INTO book (book) VALUES ('optimize');"""

    def ask_book(self, queries):
        """Milliseconds of each."""
        db = self.connect()
        times = []
        for query in queries:
            words = [f'"{word}"' for word in re.findall(r"\w+", query.get("q", ""))]
            match = " AND ".join(words) + "*"
            start = time.perf_counter()
            db.execute(
                "SELECT p.id, p.name, p.summary FROM book JOIN package p ON p.id = book.rowid "
                "WHERE book MATCH ? AND p.access = 'public' ORDER BY rank LIMIT 20",
                (match,)).fetchall()
            times.append((time.perf_counter() - start) * 1000)
        db.close()
        return times

    def derive(self, _made):
        return False

    def pids(self):
        return []

    def close(self):
        pass


DERIVED = {
    "search_doc": "package_id, account_id, access, name_key, keyword_key, types, platforms, labels, "
                  "license, rank, favorites, updated_ms, level, terms_sha256",
    **{f"search_terms{level}": "rowid, terms" for level in ("", "_1", "_2", "_3")},
    "search_level": "level, hidden, floor", "search_word": "stem, word"}


class Postgresql:
    """The same in a cluster of its own, with memory as one gives it to a database of this size."""
    name = "PostgreSQL"

    def __init__(self, _folder):
        self.cluster = postgres.Postgres(settings=["shared_buffers=1GB", "effective_cache_size=3GB",
                                                   "maintenance_work_mem=512MB"]).start()
        self.url = self.cluster.create_database()
        self.database = postgres.database_of(self.url)
        self.place = Place({"TERRARIUM_DB": self.url})

    def write(self, rows):
        for table, batch in batches(rows):
            text = "".join("\t".join("\\N" if v is None else str(v).replace("\\", "\\\\")
                                     for v in row) + "\n" for row in batch)
            subprocess.run(self.cluster._psql_words(
                self.database, "-c", f"COPY {table} ({COLUMNS[table]}) FROM STDIN"),
                input=text, text=True, check=True)

        # What has numbers already is counted on from them.
        self.change("SELECT setval(pg_get_serial_sequence('account', 'id'), MAX(id)) FROM account")

    def derive(self, made):
        """Takes over what a server has made of the same packages. False: there is none."""
        if made is None:
            return False
        indexes = [line.split("|", 1) for line in self.cluster.psql(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'search%' "
            "AND indexname NOT LIKE '%pkey'", self.database).splitlines()]
        self.change(f"TRUNCATE {', '.join(DERIVED)}; DROP INDEX {', '.join(it for it, _ in indexes)}")
        db = made.connect()
        for table, columns in DERIVED.items():
            copy = subprocess.Popen(self.cluster._psql_words(
                self.database, "-c", f"COPY {table} ({columns}) FROM STDIN"),
                stdin=subprocess.PIPE, text=True)
            for row in db.execute(f"SELECT {columns} FROM {table}"):
                copy.stdin.write("\t".join(str(it).replace("\\", "\\\\") for it in row) + "\n")
            copy.stdin.close()
            assert copy.wait() == 0, table
        form = db.execute("SELECT form FROM search_progress").fetchone()[0]
        db.close()
        for _, definition in indexes:
            self.change(definition)
        self.change(f"UPDATE search_progress SET form = {form}, filled = {ALL_FILLED}; DELETE FROM job")
        return True

    def pids(self):
        """Of the processes that work for the server."""
        return self.cluster.psql("SELECT pid FROM pg_stat_activity "
                                 f"WHERE datname = '{self.database}'").split()

    def number(self, sql):
        return int(self.cluster.psql(sql, self.database))

    def change(self, sql):
        self.cluster.psql(sql, self.database)

    def megabytes(self):
        return {"all": self.number("SELECT pg_database_size(current_database())") / 1e6,
                "search": self.number("SELECT SUM(pg_total_relation_size(oid)) FROM pg_class "
                                      "WHERE relkind = 'r' AND relname LIKE 'search%'") / 1e6}

    BOOK = """
        CREATE TABLE book AS SELECT id, setweight(to_tsvector('simple', name), 'A') ||
            setweight(to_tsvector('simple', attrs), 'B') ||
            setweight(to_tsvector('simple', summary), 'C') AS text FROM package;
        ALTER TABLE book ADD PRIMARY KEY (id);
        CREATE INDEX book_index ON book USING gin (text);
        ANALYZE book;"""

    def ask_book(self, queries):
        lines = ["\\timing on"]
        for query in queries:
            words = [f"''{word}''" for word in re.findall(r"\w+", query.get("q", ""))]
            lines.append(
                "SELECT p.id, p.name, p.summary FROM book b JOIN package p ON p.id = b.id, "
                f"CAST('{' & '.join(words)}:*' AS tsquery) q WHERE b.text @@ q "
                "AND p.access = 'public' ORDER BY ts_rank(b.text, q) DESC LIMIT 20;")
        session = self.cluster.session(self.database)
        out = session.communicate("\n".join(lines) + "\n")[0]
        return [float(it) for it in re.findall(r"^Time: ([\d.]+) ms", out, re.M)]

    def close(self):
        self.cluster.close()


def batches(rows, size=20_000):
    """Rows of one table together; those that refer to others come after them."""
    waiting = {table: [] for table in COLUMNS}
    for table, row in rows:
        waiting[table].append(row)
        if len(waiting[table]) >= size:
            for each in COLUMNS:
                if waiting[each]:
                    yield each, waiting[each]
                    waiting[each] = []
    for each in COLUMNS:
        if waiting[each]:
            yield each, waiting[each]


# --- queries ----------------------------------------------------------------------------------


def mistype(dice, word):
    at = dice.randrange(1, len(word) - 1)
    way = dice.randrange(3)
    if way == 0:
        return word[:at] + word[at + 1:]
    if way == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2:]
    return word[:at] + dice.choice("aeiostn") + word[at:]


def queries(per_class, seed=11):
    """Class -> queries, each other than the one before, as many people would send them."""
    dice, real = random.Random(seed), real_names()
    long_names = [it for it in real if len(it) > 5 and re.fullmatch("[a-z0-9]+", it)]

    def beginning(letters):
        return lambda: {"q": dice.choice(real)[:letters]}

    def one_filter():
        return dice.choice(({"type": "conda"}, {"type": "ipynb"}, {"platform": "osx-arm64"},
                            {"owner": f"user{dice.randint(1, 2000)}"}, {"label": "dev"},
                            {"license": "MIT"}, {"access": "public"}))

    def some_words():
        return {"q": dice.choice((dice.choice(real)[:3], dice.choice(COMMON[7:]), ""))}

    def combined():
        kinds = ({"type": "conda", "platform": dice.choice(PLATFORMS)},
                 {"type": dice.choice(KINDS)}, {"license": dice.choice(LICENSES)},
                 {"label": dice.choice(("main", "dev"))},
                 {"access": dice.choice(("public", "authenticated", "private"))},
                 {"owner": f"user{dice.randint(1, 200)}"})
        return {**some_words(), **dict(item for it in dice.sample(kinds, 3) for item in it.items())}
    makers = {
        "exact name": lambda: {"q": dice.choice(real)},
        "1 letter": beginning(1), "2 letters": beginning(2), "3 letters": beginning(3),
        "4 letters": beginning(4), "5 letters": beginning(5),
        "typo": lambda: {"q": mistype(dice, dice.choice(long_names))},
        "two words": lambda: {"q": " ".join(dice.sample(COMMON[7:], 2))},
        "three words": lambda: {"q": " ".join(dice.sample(COMMON[7:], 3))},
        "common word": lambda: {"q": dice.choice(COMMON[7:20])},    # 17 % to 8 % have it
        "filter": lambda: {**some_words(), **one_filter()},
        "three filters": combined,
        "nothing there": lambda: {"q": hashlib.sha256(
            str(dice.random()).encode()).hexdigest()[:12]},
        "sorted": lambda: {**some_words(),
                           "sort": dice.choice(("updated", "name", "downloads", "favorites"))},
        "facets": lambda: {**some_words(), "facets": ",".join(FACETS)},
        "typo, facets": lambda: {"q": mistype(dice, dice.choice(long_names)),
                                 "facets": ",".join(FACETS)},
    }
    return {name: [make() for _ in range(per_class)] for name, make in makers.items()}


class Asker:
    """One client of a server, and what each query costs."""

    def __init__(self, client, server, engine):
        self.client, self.server, self.engine, self.clocks = client, server, engine, []

    def find_clocks(self):
        """Connections to the database come when they are needed."""
        pids = [self.server.process.pid, *self.engine.pids()]
        self.clocks = [path for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]

    def cpu(self):
        """Nanoseconds that the threads have run."""
        return sum(int(path.read_text().split()[0]) for path in self.clocks if path.exists())

    def times(self, asked):
        """(milliseconds waited, of processor time) of each query: the shortest of some rounds over
        all, lest a neighbour that takes the processor for a moment is measured."""
        rounds = []
        for _ in range(1 + ROUNDS):
            rounds.append([])
            self.find_clocks()
            for query in asked:
                before = self.cpu()
                waited = ask(self.client, query)[0]
                rounds[-1].append((waited, (self.cpu() - before) / 1e6))
        return [(min(it[0] for it in each), min(it[1] for it in each)) for each in zip(*rounds[1:])]


def ask(client, query):
    """(milliseconds, the answer)"""
    start = time.perf_counter()
    answer = client.get("/api/v1/search?" + urlencode({k: v for k, v in query.items() if v}))
    taken = (time.perf_counter() - start) * 1000
    return taken, answer.expect(200)


def deep_pages(client, word):
    """The queries of the pages from the 5,000th package on."""
    after, given, found = "", 0, []
    while after is not None:
        query = {"q": word, "limit": 100, "after": after}
        if given >= 5000:
            found.append(query)
        after, given = ask(client, query)[1].json()["next"], given + 100
    return found


def percentiles(times):
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return cuts[49], cuts[94]


def line_of(name, times):
    waited, cpu = [it[0] for it in times], [it[1] for it in times]
    return (f"{name:18}" + "".join(f"{it:9.2f}" for it in (*percentiles(waited), max(waited))) +
            "".join(f"{it:9.2f}" for it in (*percentiles(cpu), max(cpu))))


def by_the_book(engine, asked, p95):
    theirs = percentiles(engine.ask_book(asked[:BOOK_QUERIES]))
    return f"{theirs[0]:15.2f}{theirs[1]:9.2f}{p95 / theirs[1]:9.3f}"


def measure(server, engine, reader, per_class):
    """Of each class: a stranger, then somebody who is let into private packages."""
    print(f"{engine.name}, milliseconds; aim: p95 <= 20\n{'':18}{'p50':>9}{'p95':>9}{'max':>9}"
          f"{'cpu p50':>9}{'p95':>9}{'max':>9}{'by the book':>15}{'p95':>9}{'ratio':>9}", flush=True)
    for who, client in (("", server.client()), (" *", reader)):
        asker, classes = Asker(client, server, engine), queries(per_class)
        for name, asked in classes.items():
            times = asker.times(asked)
            line = line_of(name + who, times)
            if not who and name in BOOK_CLASSES:
                line += by_the_book(engine, asked, percentiles([it[0] for it in times])[1])
            print(line, flush=True)
        asked = [it for query in classes["common word"][:3] for it in deep_pages(client, query["q"])]
        if len(asked) > 1:      # else nothing has so many packages
            print(line_of("deep pages" + who, asker.times(asked)), flush=True)
    print("*: by somebody who is let into private packages", flush=True)


# --- all of it --------------------------------------------------------------------------------


def prepare(engine, server, count, made):
    """Packages, what they are found by, and the tables of the book. made: another engine that has them."""
    server.start()
    server.terminate()
    start = time.perf_counter()
    engine.write(rows_of(make_up(count)))
    print(f"{engine.name}: {count} packages written in {time.perf_counter() - start:.0f} s",
          flush=True)
    start = time.perf_counter()
    if engine.derive(made):
        server.start()
    else:
        engine.change("DELETE FROM job; UPDATE search_progress SET filled = 0;")
        server.start()
        until(lambda: engine.number("SELECT filled FROM search_progress") == ALL_FILLED, 7200,
              "the end of filling", interval=2)
    print(f"{engine.name}: made searchable in {time.perf_counter() - start:.0f} s", flush=True)
    server.terminate()
    engine.change(engine.BOOK)
    # What is due now is done at the start.
    engine.change("DELETE FROM job; ANALYZE;")
    server.start()
    until(lambda: engine.number(
        "SELECT COUNT(*) FROM job WHERE name = 'trim-search' AND ended_ms > 0") == 1, 600, "trimming",
        interval=1)
    sizes = engine.megabytes()
    print(f"{engine.name}: {sizes['all']:.0f} MB, of them for searches {sizes['search']:.0f} MB",
          flush=True)


def reader_of(server, engine):
    """Somebody who is let into private packages of many owners."""
    reader = make_account(server, "reader")
    number = engine.number("SELECT id FROM account WHERE login = 'reader'")
    engine.change("INSERT INTO collaborator (package_id, account_id, permission) "
                  f"SELECT id, {number}, 'read' FROM package WHERE access = 'private' "
                  f"ORDER BY id LIMIT {LET_IN}")
    return server.client(token=reader.token("search"))


def run(folder, count, per_class, engines):
    made = None
    for make in engines:
        engine = make(folder / make.name)
        server = Server(folder / make.name / "data", options=["--log-level", "warn"],
                        place=engine.place)
        try:
            if (folder / make.name / "data").exists():
                server.start()
            else:
                prepare(engine, server, count, made)
            measure(server, engine, reader_of(server, engine), per_class)
        finally:
            if server.running():
                server.terminate()
            engine.close()
        made = engine if make is Sqlite else made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200, help="of each class")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--keep", type=Path, help="a folder for the data, used again if it has some "
                        "(SQLite)")
    options = parser.parse_args()
    engines = {"sqlite": Sqlite, "postgresql": Postgresql}
    with tempfile.TemporaryDirectory(prefix="terrarium-bench-") as name:
        run(options.keep or Path(name), options.packages, options.queries,
            [engines[options.engine]] if options.engine else list(engines.values()))


if __name__ == "__main__":
    main()
