"""HAProxy in front of nodes, with the configuration that administrators are given."""
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from support.s3 import free_ports
from support.server import ROOT
from support.wait import until

EXAMPLE = ROOT / "contrib" / "haproxy" / "haproxy.cfg"


def program():
    for folder in ("/usr/sbin", "/usr/local/sbin"):
        if (Path(folder) / "haproxy").exists():
            return Path(folder) / "haproxy"
    found = shutil.which("haproxy")
    return Path(found) if found else None


def configuration(text, port, socket_path, nodes):
    """The example with what belongs to one place put in: addresses, and no TLS."""
    changes = {
        "    log /dev/log local0\n    user haproxy\n    group haproxy\n": "    log stderr format raw local0\n",
        "    maxconn 20000\n": "    maxconn 2000\n",
        "/run/haproxy/admin.sock mode 660": f"{socket_path} mode 600",
        "    bind :80\n": f"    bind 127.0.0.1:{port}\n",
        "    bind :443 ssl crt /etc/haproxy/terrarium.pem alpn h2,http/1.1\n": "",
        "    http-request redirect scheme https code 308 unless { ssl_fc }\n": "",
        **{f"192.0.2.1{number}:8080": urlsplit(node.url).netloc
           for number, node in enumerate(nodes, start=1)}}
    for old, new in changes.items():
        assert old in text, f"{EXAMPLE.name} has changed: {old!r}"
        text = text.replace(old, new)
    return text


class HAProxy:
    def __init__(self, nodes):
        self.folder = Path(tempfile.mkdtemp(prefix="terrarium-haproxy-"))
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket, self.log_path = self.folder / "admin.sock", self.folder / "log"
        (self.folder / "cfg").write_text(
            configuration(EXAMPLE.read_text(), self.port, self.socket, nodes))
        self.process = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([program(), "-db", "-f", self.folder / "cfg"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: set(self.states().values()) == {"UP"}, 20, "nodes that HAProxy finds up")
        return self

    def states(self):
        """node -> what HAProxy thinks of it; {} until it answers."""
        assert self.process.poll() is None, self.log_path.read_text()[-2000:]
        return {row["svname"]: row["status"].partition(" ")[0] for row in self._rows()}

    def served(self):
        """node -> requests that it was given."""
        counts = {}
        for row in self._rows():
            counts[row["svname"]] = counts.get(row["svname"], 0) + int(row["stot"] or 0)
        return counts

    def _rows(self):
        lines = self.ask("show stat").splitlines()
        names = lines[0].removeprefix("# ").split(",") if lines else []
        rows = [dict(zip(names, line.split(","))) for line in lines[1:] if line]
        return [row for row in rows if row["svname"] not in ("FRONTEND", "BACKEND")]

    def ask(self, command):
        """An answer of its admin socket."""
        with socket.socket(socket.AF_UNIX) as sock:
            try:
                sock.connect(str(self.socket))
            except OSError:
                return ""
            sock.sendall(command.encode() + b"\n")
            answer = b""
            while more := sock.recv(65536):
                answer += more
            return answer.decode()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
