"""Measures the server beside what it is compared with, in one run on one machine.

Absolute numbers depend on the machine and its neighbours; the ratios are what is meant. Runs of
the two sides alternate, and medians are compared. Neither side writes an access log. Parts: reads,
downloads, uploads, publish (beside nginx and the tools of the shell); stores (SQLite and files,
PostgreSQL and files, PostgreSQL and S3 side by side); search (over 1,000,000 packages, which takes an
hour, or 50,000 if quick: bench/search.py); index (what a publish costs channels of up to 1,000,000
records, or of 10,000 if quick: bench/index.py)."""
import argparse
import base64
import concurrent.futures
import hashlib
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "test"))

from conftest import make_account  # noqa: E402
from support import packages, postgres, s3  # noqa: E402
from support.http import Client  # noqa: E402
from support.publish import BOUNDARY, Upload, form_frame  # noqa: E402
from support.server import BINARY, Server  # noqa: E402
from support.stores import Place  # noqa: E402
from support.wait import until  # noqa: E402

NGINX_CONF = """
{user}
worker_processes {cores};
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    types {{ application/json json; }}
    default_type application/octet-stream;
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=1000 inactive=60s;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}/root; etag on; }}
}}
"""


# --- the two sides ----------------------------------------------------------------------------


class Nginx:
    """nginx over a folder of files, as an unprivileged process."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "root").mkdir(parents=True)
        (folder / "root" / "index.html").write_text("up\n")
        (folder / "nginx.conf").write_text(NGINX_CONF.format(
            user="user root;" if os.getuid() == 0 else "",  # who else may not read the folder
            cores=os.cpu_count(), folder=folder, port=self.port))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([program, "-c", folder / "nginx.conf", "-p", folder],
                                        stdout=subprocess.DEVNULL)
        until(self._answers, what="nginx")

    def _answers(self):
        try:
            Client(self.url).get("/")
            return True
        except OSError:
            return False

    def put(self, path, data):
        target = self.folder / "root" / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        until(lambda: Client(self.url).head(path).status == 200, what=path)

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Terrarium(Server):
    def __init__(self, folder, env=None):
        """env: settings that say where its data lie; in its folder without any."""
        super().__init__(folder / "data", options=["--log-level", "warn"],
                         place=Place(env or {}))
        self.start()
        self.token = make_account(self, "alice").token("bench")

    def upload(self, path):
        Upload(self.client(token=self.token), "alice", packages.describe(path)).run()

    def cpu(self):
        return cpu_seconds(self.process.pid)


def free_port():
    import socket
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def cpu_seconds(pid):
    """Seconds of processor time of a process and its children that run."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(stat.parent.name) == pid or int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


# --- measuring --------------------------------------------------------------------------------


UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def load(side, path, seconds, connections=64, headers=()):
    """Requests and bytes each second, and processor time for each request and gigabyte. By h2load,
    because simpler generators wait for the body of a 304 that tells the length of the 200."""
    words = ["h2load", "--h1", "-t2", f"-c{connections}", f"-D{seconds}"]
    for header in headers:
        words += ["-H", header]
    before = side.cpu()
    out = subprocess.run([*words, side.url + path], capture_output=True, text=True,
                         check=True).stdout
    spent = side.cpu() - before
    good, moved, refused, broken = map(int, re.search(
        r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", out).groups())
    if refused or broken or not good + moved:
        raise SystemExit(f"{side.url}{path}: {good} 2xx, {moved} 3xx, {refused} 4xx, {broken} 5xx")
    amount, unit = re.search(r"traffic: ([\d.]+)([KMG]?B)", out).groups()
    gigabytes = float(amount) * UNITS[unit] / 1e9
    rate = float(re.search(r"finished in .*?, ([\d.]+) req/s", out).group(1))
    return {"rate": rate, "mb": gigabytes * 1000 / seconds, "us": spent / (good + moved) * 1e6,
            "s_per_gb": spent / gigabytes if gigabytes else 0}


def alternate(runs, ours, theirs):
    """Medians of runs that take turns."""
    one, two = [], []
    for _ in range(runs):
        one.append(ours())
        two.append(theirs())
    middle = (lambda found: {key: statistics.median(it[key] for it in found) for key in found[0]})
    return middle(one), middle(two)


def report(what, ours, theirs, unit, aim):
    print(f"{what:44} {ours:10.1f} {theirs:10.1f} {unit:6} ratio {ours / theirs:5.2f}   {aim}",
          flush=True)


# --- parts ------------------------------------------------------------------------------------


def reads(terrarium, nginx, folder, runs, seconds):
    """304 and small answers, with and without a token in the path."""
    for number in range(5):
        terrarium.upload(packages.make_tiny(folder, f"small{number}"))
    noise = packages.make(folder, packages.index_of("medium"), {"x": os.urandom(20_000)})
    terrarium.upload(noise)
    plain = "/conda/alice/noarch/repodata.json"
    by_token = f"/conda/t/{terrarium.token}/alice/noarch/repodata.json"
    package = f"/conda/alice/noarch/{noise.name}"
    for path in (plain, package):
        nginx.put(path, terrarium.client().get(path).expect(200).body)

    def tag(side, path):
        return [f"If-None-Match: {Client(side.url).head(path).etag}"]
    cases = [("304", plain, plain, True), ("304 with a token", by_token, plain, True),
             ("repodata.json", plain, plain, False),
             ("repodata.json with a token", by_token, plain, False),
             ("package of 20 KB", package, package, False)]
    for what, ours, theirs, conditional in cases:
        one, two = alternate(
            runs,
            lambda: load(terrarium, ours, seconds,
                        headers=tag(terrarium, ours) if conditional else ()),
            lambda: load(nginx, theirs, seconds, headers=tag(nginx, theirs) if conditional else ()))
        report(what, one["rate"], two["rate"], "req/s", "aim >= 0.8, then 1.0")
        report("  processor time", one["us"], two["us"], "us/req", "lower is better")


def downloads(terrarium, nginx, folder, runs, seconds):
    large = packages.make(folder, packages.index_of("large"), {"x": os.urandom(50_000_000)})
    terrarium.upload(large)
    path = f"/conda/alice/noarch/{large.name}"
    nginx.put(path, large.read_bytes())
    one, two = alternate(runs, lambda: load(terrarium, path, seconds, connections=16),
                         lambda: load(nginx, path, seconds, connections=16))
    report("package of 50 MB", one["mb"], two["mb"], "MB/s", "aim >= 0.95")
    report("  processor time", one["s_per_gb"] * 1000, two["s_per_gb"] * 1000, "ms/GB",
           "aim <= 1.1")


def uploads(terrarium, _nginx, folder, runs, _seconds):
    size = 500_000_000
    noise = os.urandom(size)

    def ours(number=iter(range(1000))):
        path = packages.make(folder, packages.index_of("heavy", f"1.{next(number)}"), {"x": noise})
        taken = timed(lambda: send(terrarium, path))
        path.unlink()
        return {"mb": size / 1e6 / taken}

    sample = folder / "sample"
    sample.write_bytes(noise)

    def shell(*lines):
        def run():
            taken = timed(lambda: [subprocess.run(line, shell=True, check=True, cwd=folder,
                                                  stdout=subprocess.DEVNULL) for line in lines])
            return {"mb": size / 1e6 / taken}
        return run
    for what, theirs, aim in (
            ("upload of 500 MB / sha256sum", shell("sha256sum sample"), ""),
            ("upload of 500 MB / sha256sum, md5sum, cp",
             shell("sha256sum sample", "md5sum sample", "cp sample copy && sync copy"),
             "aim >= 0.8")):
        one, two = alternate(max(3, runs // 2), ours, theirs)
        report(what, one["mb"], two["mb"], "MB/s", aim)
    sample.unlink()
    (folder / "copy").unlink()


def send(terrarium, path):
    """The staged upload of a large file, read while it is sent, as clients do."""
    package = packages.Package(path, "heavy", packages.split_filename(path.name)[1], "noarch",
                               "", "", path.stat().st_size, {})
    upload = Upload(terrarium.client(token=terrarium.token), "alice", package, data=b"")
    upload.register()
    stage = upload.stage(sha256=False).json()
    with open(path, "rb") as file:
        md5 = base64.b64encode(hashlib.file_digest(file, "md5").digest()).decode()
        file.seek(0)
        head, tail = form_frame(stage["form_data"], package.basename, md5, package.size)

        def body():
            yield head
            while chunk := file.read(1 << 18):
                yield chunk
            yield tail
        upload.answers["sent"] = Client(terrarium.url).request(
            "POST", stage["post_url"].removeprefix(terrarium.url), body=body(), headers={
                "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
                "Content-Length": str(len(head) + package.size + len(tail))}).expect(201)
    upload.commit()


def publish(terrarium, _nginx, folder, runs, _seconds):
    """From the first request of an upload to the record in repodata.json, at growing channels."""
    client = terrarium.client(token=make_account(terrarium, "grower").token("bench"))
    count, medians = 0, {}
    for records in (0, 1000):
        while count < records:
            publish_one(client, folder, count)
            count += 1
        times = []
        for _ in range(max(11, runs * 3)):
            times.append(publish_one(client, folder, count))
            count += 1
        medians[records], commit = (statistics.median(it) for it in zip(*times))
        print(f"publish at {records:5} records: p50 {medians[records]:8.1f} ms, of it the commit "
              f"{commit:8.1f} ms   aim p50 <= 30 ms", flush=True)
    report("publish at 1000 / at 0 records", medians[1000], medians[0], "ms", "aim <= 1.5")


def publish_one(client, folder, number):
    """Milliseconds of the whole upload, and of its commit; the record is there at once."""
    path = packages.make_tiny(folder, f"grow{number}")
    upload = Upload(client, "grower", packages.describe(path))
    start = time.perf_counter()
    upload.register()
    upload.stage()
    upload.send()
    middle = time.perf_counter()
    upload.commit()
    end = time.perf_counter()
    assert path.name.encode() in client.get("/conda/grower/noarch/repodata.json").body
    return (end - start) * 1000, (end - middle) * 1000


# --- the two databases and the two blob stores ------------------------------------------------


def stores(_terrarium, _nginx, folder, runs, seconds):
    """The same work on each pair of stores; ratios to SQLite and files."""
    database, bucket = postgres.Postgres().start(), s3.SeaweedFS().start()
    bucket.make_bucket("bench")
    on_postgres = {"TERRARIUM_DB": database.create_database()}
    both = {"TERRARIUM_DB": database.create_database(), **bucket.settings("bench")}
    sides = {}
    try:
        for name, env in (("SQLite+files", {}), ("PostgreSQL+files", on_postgres),
                          ("PostgreSQL+S3", both)):
            sides[name] = Terrarium(folder / name, env)
        compare(sides, folder, runs, seconds)
    finally:
        for side in sides.values():
            side.terminate()
        bucket.close()
        database.close()


def compare(sides, folder, runs, seconds):
    print(f"{'':36}" + "".join(f"{name:>18}" for name in sides) + f"{'ratios to the first':>24}")
    for what, unit, measure in (
            ("304", "req/s", reading("small", conditional=True)),
            ("repodata.json", "req/s", reading("repodata.json")),
            ("package of 20 KB", "req/s", reading("small")),
            ("package of 1 MB", "req/s", reading("middle")),
            ("package of 50 MB", "MB/s", reading("large", key="mb", connections=8)),
            ("index after a publish, first read", "ms", first_read),
            ("publish (4 requests)", "ms", lambda side, *_: {"ms": published(side)}),
            ("publish, 8 at once into 8 channels", "1/s", publishing_at_once)):
        found = {name: [] for name in sides}
        for turn in range(runs + 1):
            for name, side in sides.items():
                value = next(iter(measure(side, folder / name, seconds).values()))
                if turn:    # the first turn warms up
                    found[name].append(value)
        middle = {name: statistics.median(values) for name, values in found.items()}
        first = next(iter(middle.values()))
        print(f"{what + ', ' + unit:36}" + "".join(f"{value:18.1f}" for value in middle.values())
              + "".join(f"{value / first:12.2f}" for value in list(middle.values())[1:]),
              flush=True)


SIZES = {"small": 20_000, "middle": 1_000_000, "large": 50_000_000}


def reading(what, conditional=False, key="rate", connections=32):
    def measure(side, folder, seconds):
        path = "/conda/alice/noarch/repodata.json"
        if what in SIZES and not conditional:
            path = f"/conda/alice/noarch/{ensure(side, folder, what)}"
        headers = [f"If-None-Match: {side.client().head(path).etag}"] if conditional else ()
        side.client().get(path).expect(200)
        return {key: load(side, path, seconds, connections, headers)[key]}
    return measure


def ensure(side, folder, what):
    """The name of a package of this size, published at first use."""
    name = f"{what}-1.0-0.conda"
    if side.client().head(f"/conda/alice/noarch/{name}").status != 200:
        side.upload(packages.make(folder, packages.index_of(what), {"x": os.urandom(SIZES[what])}))
    return name


NUMBERS = itertools.count()


def published(side):
    """Milliseconds of one whole upload."""
    path = packages.make_tiny(side.data.parent, f"tiny{next(NUMBERS)}")
    return timed(lambda: side.upload(path)) * 1000


def first_read(side, *_):
    published(side)
    client = side.client()
    client.get("/healthz")    # connected
    return {"ms": timed(lambda: client.get("/conda/alice/noarch/repodata.json.zst")) * 1000}


def publishing_at_once(side, folder, _seconds):
    """Uploads each second, of eight who publish into channels of their own."""
    if not hasattr(side, "publishers"):
        side.publishers = [make_account(side, f"pub{n}") for n in range(8)]
        side.publishers = [(it.login, side.client(token=it.token("bench")))
                           for it in side.publishers]
    paths = [packages.make_tiny(folder, f"at-once{next(NUMBERS)}") for _ in range(5)]

    def run(who):
        login, client = who
        for path in paths:
            Upload(client, login, packages.describe(path)).run()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        taken = timed(lambda: list(pool.map(run, side.publishers)))
    return {"rate": 8 * len(paths) / taken}


def timed(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def search(_terrarium, _nginx, _folder, runs, _seconds):
    """Has servers of its own."""
    quick = ["--packages", "50000", "--queries", "50"] if runs < 5 else []
    subprocess.run([sys.executable, ROOT / "bench" / "search.py", *quick], check=True)


def index(_terrarium, _nginx, _folder, runs, _seconds):
    """The same."""
    quick = ["--records", "1000", "10000"] if runs < 5 else []
    subprocess.run([sys.executable, ROOT / "bench" / "index.py", *quick], check=True)


PARTS = {"reads": reads, "downloads": downloads, "uploads": uploads, "publish": publish,
         "stores": stores, "search": search, "index": index}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("parts", nargs="*", metavar="PART", help=" ".join(PARTS))
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"{part} is no part: {' '.join(PARTS)}")
    for tool in ("h2load", "nginx"):
        if not shutil.which(tool) and not Path("/usr/sbin", tool).exists():
            raise SystemExit(f"{tool} is not installed (Debian packages nghttp2-client, nginx-light)")
    if not BINARY.exists():
        raise SystemExit(f"{BINARY} is not built: run make")
    runs, seconds = (3, 2) if options.quick else (5, 5)
    with tempfile.TemporaryDirectory(prefix="terrarium-bench-") as name:
        folder = Path(name)
        (folder / "packages").mkdir()
        nginx, terrarium = Nginx(folder / "nginx"), Terrarium(folder)
        print(f"{'':44} {'terrarium':>10} {'other':>10}")
        try:
            for part in options.parts or PARTS:
                PARTS[part](terrarium, nginx, folder / "packages", runs, seconds)
        finally:
            nginx.stop()
            terrarium.terminate()


if __name__ == "__main__":
    main()
