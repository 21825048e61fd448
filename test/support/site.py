"""Several nodes on one PostgreSQL and one S3, as one site."""
import json
from urllib.parse import urlsplit, urlunsplit

from support import stores
from support.server import BINARY, Server
from support.wait import until


class Site:
    """nodes: running servers that share a place of data (support.stores), each with a folder of
    its own."""

    def __init__(self, folder, count=3, place=None, options=(), binary=BINARY):
        self.place = place or stores.networked()
        self.nodes = [Server(folder / f"node{number}", binary=binary, place=self.place, options=[
            "--node", f"node{number}", *options]) for number in range(1, count + 1)]

    def start(self):
        """All at once: the first to come makes the tables, the others wait for them."""
        for node in self.nodes:
            node.start(wait=False)
        for node in self.nodes:
            node.wait_ready()
        return self

    def client(self, number, **credentials):
        """A client of one node, counted from 0, round and round."""
        return self.nodes[number % len(self.nodes)].client(**credentials)

    def clients(self, **credentials):
        return [node.client(**credentials) for node in self.nodes]

    def finish(self):
        for node in self.nodes:
            node.finish()
        self.place.drop()

    def abandon(self):
        """Whatever state they are in."""
        for node in self.nodes:
            if node.running():
                node.kill()
        self.place.drop()
        for node in self.nodes:
            node.check_log()


def verify(server, *words):
    """What `terrarium verify` says of the stores of a server: all must be well."""
    done = server.command("verify", "--json", *words, check=False, timeout=300)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout[-3000:]}{done.stderr}"
    assert lines[-1]["event"] == "summary" and lines[-1]["problems"] == 0
    return lines[-1]


def gc(server, *words):
    return json.loads(server.command("gc", "--json", *words, timeout=300).stdout)


def check_clean(server):
    """verify has nothing to say, and after gc there is nothing too much. (A job of a node may be
    removing bytes at this moment, whose rows have gone already.)"""
    def is_clean():
        gc(server)
        return verify(server)["orphans"] == 0
    verify(server)
    until(is_clean, 60, "a store without orphans")


def at_node(url, node):
    """The same address at another node."""
    return urlunsplit(urlsplit(url)._replace(netloc=urlsplit(node.url).netloc))
