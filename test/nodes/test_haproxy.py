"""Nodes behind HAProxy: one dies, one is stopped, and whoever installs notices nothing."""
import asyncio
import http.client
import random
import shutil
import threading

import pytest
import rattler

from conftest import make_account
from support import channel, packages
from support.anaconda import Anaconda, versions
from support.haproxy import EXAMPLE, HAProxy, program
from support.publish import Upload
from support.site import verify
from support.venvs import find_venv
from support.wait import until

pytestmark = pytest.mark.skipif(program() is None, reason="HAProxy is not installed")
ENOUGH = 6                 # installations between two events


class Installers:
    """Threads that install again and again, each time with empty caches."""

    def __init__(self, url, folder, count=2):
        self.url, self.folder = url, folder
        self.done, self.failed, self.over = 0, [], threading.Event()
        self.threads = [threading.Thread(target=self._work, args=[number], daemon=True)
                        for number in range(count)]

    def _work(self, number):
        turn = 0
        while not self.over.is_set():
            folder = self.folder / f"{number}-{turn}"
            turn += 1
            try:
                asyncio.run(self._install(folder, shards=turn % 2 == 0))
                assert (folder / "prefix/share/app/payload").stat().st_size == len(self.payload)
                self.done += 1
            except Exception as problem:    # whatever it is, a user would have seen it
                self.failed.append(f"{turn}: {problem!r}")
            shutil.rmtree(folder, ignore_errors=True)

    async def _install(self, folder, shards):
        gateway = rattler.Gateway(
            cache_dir=folder / "cache", client=rattler.Client(),
            default_config=rattler.SourceConfig(sharded_enabled=shards))
        records = await rattler.solve([rattler.Channel(f"{self.url}/conda/alice")], ["app"],
                                      gateway=gateway, platforms=["noarch"], virtual_packages=[])
        await rattler.install(records, folder / "prefix", cache_dir=folder / "pkgs",
                              show_progress=False, execute_link_scripts=False)

    def wait_for(self, more=ENOUGH):
        goal = self.done + more
        until(lambda: self.done >= goal or self.failed, 120, f"{more} installations")
        assert not self.failed, self.failed


class Uploaders:
    """anaconda-client, again and again."""

    def __init__(self, anaconda, folder):
        self.anaconda, self.folder = anaconda, folder
        self.uploaded, self.failed, self.over = [], [], threading.Event()
        self.threads = [threading.Thread(target=self._work, daemon=True)]

    def _work(self):
        turn = 0
        while not self.over.is_set():
            path = packages.make_tiny(self.folder, f"up{turn}", extension=".tar.bz2")
            turn += 1
            said = self.anaconda("upload", path)
            if said.code:
                self.failed.append(said.text[-500:])
                self.anaconda("upload", path).ok()      # a second try, as CI makes
            self.uploaded.append(path.name)


@pytest.fixture
def front(new_site, tmp_path):
    site = new_site(3).start()
    for node in site.nodes:
        node.listen = node.url.removeprefix("http://")  # restarted, it is found again
    site.proxy = HAProxy(site.nodes)
    site.account = make_account(site.nodes[0], "alice")
    Installers.payload = random.Random(1).randbytes(1 << 20)
    client = site.account.by_token()
    for name, depends in (("base", []), ("lib", ["base"]), ("app", ["lib"])):
        path = packages.make(tmp_path, packages.index_of(name, depends=depends),
                             {f"share/{name}/payload": Installers.payload})
        Upload(client, "alice", packages.describe(path)).run()
    yield site
    site.proxy.close()


def test_the_example_is_what_haproxy_understands(front, tmp_path):
    """As it stands, with TLS: only the certificate is made for the test."""
    import subprocess
    pem = tmp_path / "terrarium.pem"
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                           "/CN=packages.example.org", "-days", "1", "-keyout", pem, "-out",
                           tmp_path / "cert"], capture_output=True)
    assert made.returncode == 0, made.stderr
    pem.write_bytes(pem.read_bytes() + (tmp_path / "cert").read_bytes())
    text = EXAMPLE.read_text().replace("/etc/haproxy/terrarium.pem", str(pem))
    # The user and the folder of the socket come with the Debian package.
    text = text.replace("    user haproxy\n    group haproxy\n", "").replace(
        "/run/haproxy/", f"{tmp_path}/")
    (tmp_path / "cfg").write_text(text)
    checked = subprocess.run([program(), "-c", "-f", tmp_path / "cfg"], capture_output=True,
                             text=True)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr, checked.stderr


def test_nodes_know_whose_request_it_is_whatever_it_says_itself(new_site):
    """The proxy is at 127.0.0.1 and trusted, the client at 127.0.0.2 and not."""
    site = new_site(3, options=["--trusted-proxies", "127.0.0.1"]).start()
    boss = make_account(site.nodes[0], "boss", superuser=True).by_session()
    proxy = HAProxy(site.nodes).start()
    try:
        client = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60,
                                            source_address=("127.0.0.2", 0))
        client.request("POST", "/api/v1/session", body=b'{"login": "nobody", "password": "x"}',
                       headers={"X-Forwarded-For": "198.51.100.9"})
        assert client.getresponse().status == 401
        client.close()
        found = boss.get("/api/v1/admin/security-log?action=session.refused").expect(200).json()
        assert [it["address"] for it in found["events"]] == ["127.0.0.2"]
    finally:
        proxy.close()


@pytest.mark.slow
def test_installing_goes_on_while_a_node_dies_and_another_is_stopped(front, tmp_path):
    proxy = front.proxy.start()
    newest = versions()[-1]
    anaconda = Anaconda(find_venv(f".venv-anaconda-client-{newest}"), newest, tmp_path / "home",
                        proxy.url + "/api")
    anaconda.login(front.account).ok()
    install = Installers(proxy.url, tmp_path / "installs")
    upload = Uploaders(anaconda, tmp_path / "uploads")
    first, second, third = front.nodes
    threads = install.threads + upload.threads
    for thread in threads:
        thread.start()
    try:
        install.wait_for()
        first.kill()
        install.wait_for()
        lost_by_the_kill = len(upload.failed)
        assert lost_by_the_kill <= 1, upload.failed
        first.start()
        until(lambda: proxy.states().get("node1") == "UP", 20, "the restarted node")
        before = proxy.served()["node1"]
        until(lambda: proxy.served()["node1"] > before + 10, 60, "requests to the restarted node")
        assert second.terminate() == 0
        install.wait_for()
        second.start()
        until(lambda: proxy.states().get("node2") == "UP", 20, "the restarted node")
        # A rolling restart of everything, as for a new version.
        for node in (third, first, second):
            assert node.terminate() == 0
            node.start()
            until(lambda: set(proxy.states().values()) == {"UP"}, 20, "all nodes")
        install.wait_for()
    finally:
        install.over.set()
        upload.over.set()
        for thread in threads:
            thread.join(120)
    assert not install.failed, install.failed
    assert len(upload.failed) == lost_by_the_kill, upload.failed
    assert len(upload.uploaded) > 3
    listed = channel.listed(front.nodes[1].client(), "/conda/alice", "noarch")
    assert set(upload.uploaded) <= set(listed)
    verify(front.nodes[0])


def test_without_any_node_clients_are_told_to_come_back(front):
    from support.http import Client
    proxy = front.proxy.start()
    for node in front.nodes:
        node.terminate()
    client = Client(proxy.url)
    answer = client.get("/conda/alice/noarch/repodata.json").expect(503)
    assert answer.header("Retry-After")
    assert "try again" in answer.detail and "try again" in answer.error
    for node in front.nodes:
        node.start()
    until(lambda: client.get("/conda/alice/noarch/repodata.json").status == 200, 20, "the nodes")


def test_a_node_drained_by_hand_gets_no_new_requests(front):
    from support.http import Client
    proxy = front.proxy.start()
    proxy.ask("set server reads/node1 state drain")
    # The checks of `writes` follow those of `reads`, its drained state too.
    until(lambda: proxy.states()["node1"] in ("DRAIN", "MAINT"), 10, "a drained node")
    before = proxy.served()["node1"]
    for _ in range(30):
        Client(proxy.url).get("/conda/alice/noarch/repodata.json").expect(200)
    assert proxy.served()["node1"] == before
    proxy.ask("set server reads/node1 state ready")
    until(lambda: proxy.states()["node1"] == "UP", 10, "a node that is back")
