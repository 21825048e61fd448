"""The staged upload by plain HTTP, as anaconda-client does it."""
import base64
import hashlib
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from support import packages
from support.http import Client

@dataclass
class Plain:
    """What an Upload needs to know of a file that is no conda package: its data comes apart."""
    name: str
    version: str
    basename: str
    index: dict = field(default_factory=dict)   # what its uploader declares as attrs


BOUNDARY = "0123456789abcdef0123456789abcdef"
RAW = "/+!@:,=&$'()*;[]~"  # what requests leaves as it is in a path


class Refused(Exception):
    """One step of an upload was refused."""

    def __init__(self, step, answer):
        super().__init__(f"{step}: {answer.status} {answer.body[:500]!r}")
        self.step, self.answer = step, answer


@dataclass
class Upload:
    """One file on its way."""
    client: Client
    owner: str
    package: packages.Package
    labels: list = field(default_factory=list)
    data: bytes = None
    kind: str = "conda"
    answers: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.data is None:
            self.data = self.package.path.read_bytes()

    @property
    def release_path(self):
        return f"/{quote(self.owner)}/{quote(self.package.name)}/{quote(self.package.version, RAW)}"

    @property
    def dist_path(self):
        return f"{self.release_path}/{quote(self.package.basename, RAW)}"

    @property
    def quoted_path(self):
        return f"{self.release_path}/{quote(self.package.basename)}"

    def _step(self, name, answer, *wanted):
        self.answers[name] = answer
        if answer.status not in wanted:
            raise Refused(name, answer)
        return answer

    def register(self, public=True):
        """Creates package and release where they are missing. 409: somebody else just did."""
        package = f"/api/package/{quote(self.owner)}/{quote(self.package.name)}"
        if self.client.get(package).status == 404:
            self._step("package", self.client.post(package, {
                "public": public, "publish": False,
                "public_attrs": {"name": self.package.name, "summary": "made for a test",
                                 "license": {"name": None, "url": None, "family": None},
                                 "package_types": [self.kind]}}), 200, 409)
        release = "/api/release" + self.release_path
        if self.client.get(release).status == 404:
            self._step("release", self.client.post(release, {
                "requirements": [], "announce": None, "description": None,
                "version": self.package.version, "license": None}), 200, 409)

    def stage(self, sha256=True):
        attrs = {key: value for key, value in self.package.index.items()
                 if key not in ("name", "version")}
        body = {"distribution_type": self.kind, "description": None, "attrs": attrs,
                "dependencies": {"depends": []}, "channels": list(self.labels)}
        if sha256:
            body["sha256"] = hashlib.sha256(self.data).hexdigest()
        return self._step("stage", self.client.post("/api/stage" + self.quoted_path, body), 200)

    def send(self, form=None, post_url=None):
        """The form POST: a new connection, without credentials."""
        stage = self.answers["stage"].json()
        post_url = post_url or stage["post_url"]
        if form is None:
            form = form_body(stage["form_data"], self.package.basename, self.data)
        parts = urlsplit(post_url)
        target = parts.path + ("?" + parts.query if parts.query else "")
        sender = Client(f"{parts.scheme}://{parts.netloc}")
        try:
            return self._step("form", sender.request("POST", target, body=form, headers={
                "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
                "User-Agent": "python-requests/2.32.0", "Accept": "*/*"}), 201)
        finally:
            sender.close()

    def commit(self):
        return self._step("commit", self.client.post(
            "/api/commit" + self.quoted_path,
            {"dist_id": self.answers["stage"].json()["dist_id"]}), 200)

    def run(self):
        """All steps; returns the answer of the commit. Raises Refused."""
        self.register()
        self.stage()
        self.send()
        return self.commit()


def form_body(form_data, basename, data, md5=None, size=None, file_headers=()):
    """The multipart body of contract: fields in order, length, MD5, and the file last."""
    head, tail = form_frame(form_data, basename,
                            md5 or base64.b64encode(hashlib.md5(data).digest()).decode(),
                            len(data) if size is None else size, file_headers)
    return head + data + tail


def form_frame(form_data, basename, md5, size, file_headers=()):
    """What stands before and after the bytes of the file."""
    fields = dict(form_data)
    fields["Content-Length"], fields["Content-MD5"] = str(size), md5
    lines = []
    for name, value in fields.items():
        lines += [f"--{BOUNDARY}", f'Content-Disposition: form-data; name="{name}"', "", value]
    lines += [f"--{BOUNDARY}",
              f'Content-Disposition: form-data; name="file"; filename="{basename}"',
              *file_headers, "", ""]
    return "\r\n".join(lines).encode(), f"\r\n--{BOUNDARY}--\r\n".encode()


FORM_HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form_of(*parts):
    """A form of (name, text) and (name, filename, bytes[, header lines]), in this order."""
    lines = []
    for name, *rest in parts:
        if len(rest) == 1:
            head, data = "", rest[0].encode()
        else:
            head = "".join([f'; filename="{rest[0]}"', *(f"\r\n{line}" for line in rest[2:])])
            data = rest[1]
        lines += [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{head}'
                  "\r\n\r\n".encode(), data, b"\r\n"]
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()
