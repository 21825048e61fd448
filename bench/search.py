"""Measures searches over many packages at the HTTP level, on SQLite and on PostgreSQL, beside the full
text search that each engine offers by the book, over the same names, summaries and keywords.

    bench/search.py [--packages N] [--queries N] [--engine sqlite|postgresql] [--keep FOLDER]

The packages are made up from the names of conda-forge; their rows are written into the database of a
server, which then makes what they are found by."""
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

from support import packages, postgres  # noqa: E402
from support.server import Server  # noqa: E402
from support.stores import Place  # noqa: E402
from support.wait import until  # noqa: E402

NOW_MS = 1_790_000_000_000
ALL_FILLED = 2**63 - 1
BOOK_QUERIES = 20     # of each class: some take seconds


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

    def close(self):
        pass


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

    def filtered():
        filters = dice.choice(({"type": "conda"}, {"type": "ipynb"}, {"platform": "osx-arm64"},
                               {"owner": f"user{dice.randint(1, 2000)}"}, {"label": "dev"},
                               {"license": "MIT"}, {"type": "conda", "platform": "linux-64"}))
        return {"q": dice.choice((dice.choice(real)[:3], dice.choice(COMMON[7:]), "")), **filters}
    makers = {
        "exact name": lambda: {"q": dice.choice(real)},
        "1 letter": beginning(1), "2 letters": beginning(2), "3 letters": beginning(3),
        "4 letters": beginning(4),
        "typo": lambda: {"q": mistype(dice, dice.choice(long_names))},
        "two words": lambda: {"q": " ".join(dice.sample(COMMON[7:], 2))},
        "common word": lambda: {"q": dice.choice(COMMON[7:])},
        "filters": filtered,
        "nothing there": lambda: {"q": hashlib.sha256(
            str(dice.random()).encode()).hexdigest()[:12]},
        "sorted": lambda: {"q": dice.choice(("", dice.choice(real)[:3])),
                           "sort": dice.choice(("updated", "name", "downloads", "favorites"))},
    }
    return {name: [make() for _ in range(per_class)] for name, make in makers.items()}


def ask(client, query):
    start = time.perf_counter()
    answer = client.get("/api/v1/search?" + urlencode({k: v for k, v in query.items() if v}))
    taken = (time.perf_counter() - start) * 1000
    answer.expect(200)
    return taken


def percentiles(times):
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]


def measure(server, engine, per_class):
    client = server.client()
    print(f"{'':16}{'p50':>9}{'p95':>9}{'p99':>9}   by the book: {'p50':>9}{'p95':>9}"
          "   ratio of p95, ms")
    ours_all, theirs_all = [], []
    for name, asked in queries(per_class).items():
        ours = [ask(client, query) for query in asked]
        ours_all += ours
        line = f"{name:16}" + "".join(f"{it:9.2f}" for it in percentiles(ours))
        if all(query.get("q") for query in asked) and name not in ("filters", "sorted"):
            theirs = engine.ask_book(asked[:BOOK_QUERIES])
            theirs_all += theirs
            p50, p95, _ = percentiles(theirs)
            line += f"{'':16}{p50:9.2f}{p95:9.2f}   {percentiles(ours)[1] / p95:9.3f}"
        print(line, flush=True)
    p50, p95, _ = percentiles(theirs_all)
    print(f"{'all':16}" + "".join(f"{it:9.2f}" for it in percentiles(ours_all)) +
          f"{'':16}{p50:9.2f}{p95:9.2f}   {percentiles(ours_all)[1] / p95:9.3f}   "
          "aim p95 <= 20", flush=True)


# --- all of it --------------------------------------------------------------------------------


def prepare(engine, server, count):
    """Packages, what they are found by, and the tables of the book."""
    server.start()
    server.terminate()
    start = time.perf_counter()
    engine.write(rows_of(make_up(count)))
    print(f"{engine.name}: {count} packages written in {time.perf_counter() - start:.0f} s",
          flush=True)
    engine.change("DELETE FROM job; UPDATE search_progress SET filled = 0;")
    start = time.perf_counter()
    server.start()
    until(lambda: engine.number("SELECT filled FROM search_progress") == ALL_FILLED, 7200,
          "the end of filling")
    print(f"{engine.name}: made searchable in {time.perf_counter() - start:.0f} s", flush=True)
    server.terminate()
    engine.change(engine.BOOK)
    # What is due now is done at the start.
    engine.change("DELETE FROM job; ANALYZE;")
    server.start()
    until(lambda: engine.number(
        "SELECT COUNT(*) FROM job WHERE name = 'trim-search' AND ended_ms > 0") == 1, 600, "trimming")
    sizes = engine.megabytes()
    print(f"{engine.name}: {sizes['all']:.0f} MB, of them for searches {sizes['search']:.0f} MB",
          flush=True)


def run(folder, count, per_class, engines):
    for make in engines:
        engine = make(folder / make.name)
        server = Server(folder / make.name / "data", options=["--log-level", "warn"],
                        place=engine.place)
        try:
            if (folder / make.name / "data").exists():
                server.start()
            else:
                prepare(engine, server, count)
            measure(server, engine, per_class)    # warms up
            measure(server, engine, per_class)
        finally:
            if server.running():
                server.terminate()
            engine.close()


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
