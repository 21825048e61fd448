"""Measures what one more package costs a channel by its size: publishing it, and reading the indexes.

    bench/index.py [--records N ...] [--publishes N]

The channel is made up: one subdir, names and versions as on conda-forge, some 40 files of each package.
Its rows are written into the database of a server, which makes the indexes (`terrarium rebuild`). SQLite
and files."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test"))

from conftest import make_account  # noqa: E402
from support import packages  # noqa: E402
from support.server import Server  # noqa: E402

NOW_MS = 1_790_000_000_000
SUBDIR = "linux-64"
FILES_OF_PACKAGE = 40
WORDS = """lib py data core json yaml http async math sparse graph geo image time plot test build
    color text parse stream queue cache table array tensor vector kernel signal audio video bio""".split()


def made_up(count, seed=7):
    """Files as (package, version, build, record)."""
    dice, names = random.Random(seed), []
    while len(names) * FILES_OF_PACKAGE < count:
        names.append(f"{dice.choice(WORDS)}-{dice.choice(WORDS)}{len(names)}")
    for number in range(count):
        name = names[number % len(names)]
        version = f"{number // len(names) // 4 + 1}.{number // len(names) % 4}.0"
        build = f"h{dice.randrange(16**7):07x}_{dice.randrange(3)}"
        yield name, version, build, {
            "arch": "x86_64", "build": build, "build_number": int(build[-1]),
            "depends": sorted(f"{dice.choice(names)} >={dice.randrange(9)}.{dice.randrange(20)},<"
                              f"{dice.randrange(9, 20)}.0a0" for _ in range(dice.randrange(2, 9))),
            "license": "BSD-3-Clause", "license_family": "BSD", "name": name, "platform": "linux",
            "subdir": SUBDIR, "timestamp": NOW_MS - dice.randrange(10**11), "version": version}


def rows_of(files, account, label):
    ids, releases = {}, {}
    for number, (name, version, build, record) in enumerate(files, 1):
        stamp = record["timestamp"]
        if name not in ids:
            ids[name] = len(ids) + 1
            yield "package", (ids[name], account, name, "A package", "{}", version, stamp, stamp,
                              "public")
        release = (name, version)
        if release not in releases:
            releases[release] = len(releases) + 1
            yield "release", (releases[release], ids[name], version, "{}", stamp)
        filename = f"{name}-{version}-{build}.conda"
        digest = hashlib.sha256(filename.encode()).hexdigest()
        yield "file", (number, account, ids[name], releases[release], "conda",
                       f"{SUBDIR}/{filename}", SUBDIR, filename, digest, digest[:32], 12345,
                       json.dumps(record, sort_keys=True, separators=(",", ":")), "{}", "{}", "{}",
                       "", stamp, stamp, account, f"{SUBDIR}/{filename}")
        yield "file_label", (number, label)


COLUMNS = {
    "package": "id, account_id, name, summary, attrs, latest_version, created_ms, updated_ms, access",
    "release": "id, package_id, version, attrs, created_ms",
    "file": "id, account_id, package_id, release_id, type, basename, subdir, filename, sha256, md5, "
            "size, record, run_exports, about, facts, description, build_timestamp_ms, uploaded_ms, "
            "uploader_id, name_key",
    "file_label": "file_id, label_id",
}


def fill(path, count):
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    account = db.execute("SELECT id FROM account WHERE login = 'alice'").fetchone()[0]
    label = db.execute("INSERT INTO label (account_id, name, locked) VALUES (?, 'main', 0) "
                       "ON CONFLICT DO NOTHING RETURNING id", (account,)).fetchone()
    label = label or db.execute("SELECT id FROM label WHERE account_id = ?", (account,)).fetchone()
    waiting = {table: [] for table in COLUMNS}
    for number, (table, row) in enumerate(rows_of(made_up(count), account, label[0])):
        waiting[table].append(row)
        if number % 50_000 == 49_999:
            write(db, waiting)
    write(db, waiting)
    db.commit()
    db.close()


def write(db, waiting):
    for table, rows in waiting.items():
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            db.executemany(f"INSERT INTO {table} ({COLUMNS[table]}) VALUES ({marks})", rows)
            rows.clear()


# --- measuring --------------------------------------------------------------------------------


def cpu_seconds(pid):
    """Of a process and the children that it has awaited, and of those that run."""
    total, tick = 0.0, os.sysconf("SC_CLK_TCK")
    for one in [pid, *children(pid)]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(it) for it in fields[11:15]) / tick
    return total


def children(pid):
    return [int(it) for it in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def written_bytes(pid):
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    return 0


def publish(client, folder, number):
    path = packages.make_tiny(folder, f"bench-{number % 7}", f"{number}.0", subdir=SUBDIR,
                               noarch=None)
    data = path.read_bytes()
    start = time.perf_counter()
    answer = client.request("PUT", f"/api/v1/files/alice/{path.name}", body=data)
    took = time.perf_counter() - start
    answer.expect(201)
    return took, path.name


def is_visible(client, filename):
    text = client.get(f"/conda/alice/{SUBDIR}/repodata.json").expect(200).text
    return f'"{filename}"' in text


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def one_size(count, publishes, folder):
    server = Server(data=folder / "data")
    server.start()
    token = make_account(server, "alice").token()
    server.terminate()
    start = time.perf_counter()
    fill(folder / "data" / "terrarium.db", count)
    filled = time.perf_counter() - start
    start = time.perf_counter()
    server.command("rebuild", "alice", timeout=3600)
    rebuilt = time.perf_counter() - start
    print(f"{count:>9} records: rows {filled:.1f} s, rebuild {rebuilt:.1f} s "
          f"({resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB at most)")
    start = time.perf_counter()
    server = Server(data=folder / "data")
    server.start()
    started = time.perf_counter() - start
    client = server.client(token=token)
    times, cpu, io = [], cpu_seconds(server.process.pid), written_bytes(server.process.pid)
    for number in range(publishes):
        took, name = publish(client, folder, number)
        times.append(took * 1000)
    cpu = (cpu_seconds(server.process.pid) - cpu) * 1000 / publishes
    io = (written_bytes(server.process.pid) - io) / publishes / 1024
    print(f"{'':>9} start {started * 1000:.0f} ms; publish p50 {statistics.median(times):.1f} ms, p95 "
          f"{percentile(times, 0.95):.1f} ms, CPU {cpu:.1f} ms, {io:.0f} KiB written")
    assert is_visible(client, name)
    read(client)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        start = time.perf_counter()
        both = list(pool.map(lambda n: publish(server.client(token=token), folder, n)[0],
                             range(10_000, 10_000 + 4 * publishes)))
        took = time.perf_counter() - start
    both = [it * 1000 for it in both]
    print(f"{'':>9} 16 publishers: {len(both) / took:.0f} a second, p50 {statistics.median(both):.0f} "
          f"ms, p95 {percentile(both, 0.95):.0f} ms")
    print(f"{'':>9} memory at most {peak(server.process.pid):.0f} MB")
    server.terminate()


def peak(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0


def read(client):
    for name, coding in (("repodata.json", "identity"), ("repodata.json", "gzip"),
                         ("repodata.json.zst", "identity"), ("repodata_shards.msgpack.zst", "identity"),
                         ("run_exports.json.zst", "identity")):
        start = time.perf_counter()
        answer = client.get(f"/conda/alice/{SUBDIR}/{name}", Accept_Encoding=coding)
        took = time.perf_counter() - start
        size = len(answer.expect(200).body)
        start = time.perf_counter()
        client.get(f"/conda/alice/{SUBDIR}/{name}",
                   Accept_Encoding=coding, If_None_Match=answer.headers["ETag"]).expect(304)
        again = time.perf_counter() - start
        print(f"{'':>9} {name} ({coding}): {size / 1e6:.2f} MB in {took * 1000:.0f} ms "
              f"({size / took / 1e6:.0f} MB/s), 304 in {again * 1000:.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--publishes", type=int, default=100)
    args = parser.parse_args()
    for count in args.records:
        with tempfile.TemporaryDirectory() as folder:
            one_size(count, args.publishes, Path(folder))
