"""What the server does by itself is done by one of the nodes."""
import re
import time

from support import secrets, stores
from support.wait import idle, until

FIRST_LOOK = 15            # time for what happens at
LAST_LOOK = 5.5            # the first look of a node, which comes within this time


def rows(site):
    """name -> (due_ms, holder, lease_ms, ended_ms, problem)"""
    found = {}
    for line in site.place.psql(
            "SELECT name, due_ms, holder, lease_ms, ended_ms, problem FROM job").splitlines():
        name, due, holder, lease, ended, problem = line.split("|")
        found[name] = int(due), holder, int(lease), int(ended), problem
    return found


def all_ended(site, count=3, since=0):
    table = rows(site)
    return len(table) >= count and all(row[3] > since and not row[1] for row in table.values())


def done(site, job):
    """How often a job was done, by the logs of all nodes."""
    return sum(len(re.findall(rf"job_done\b.*\bjob=\"?{job}\"?\b", node.log()))
               for node in site.nodes)


def test_each_job_is_done_once_whatever_the_number_of_nodes(new_site):
    site = new_site(3, options=["--log-level", "debug"]).start()
    until(lambda: all_ended(site), FIRST_LOOK, "the first run of every job")
    idle(LAST_LOOK)                         # those that have not looked yet find nothing to do
    for name, row in rows(site).items():
        assert row[0] > row[3], f"{name} is not due again later"
        assert not row[4], f"{name}: {row[4]}"
        assert done(site, name) == 1, f"{name} was done {done(site, name)} times"


def test_the_job_of_a_node_that_died_is_taken_over_when_its_lease_is_over(new_site):
    site = new_site(1).start()
    until(lambda: all_ended(site), FIRST_LOOK, "the first run of every job")
    site.nodes[0].terminate()
    now = int(time.time() * 1000)
    held = {"sweep-sessions": now + 50_000, "sweep-uploads": now - 1000}
    site.place.psql("UPDATE job SET due_ms = 0, ended_ms = 1")
    for name, lease in held.items():
        site.place.psql(f"UPDATE job SET holder = 'dead/1', lease_ms = {lease}"
                        f" WHERE name = '{name}'")
    site.nodes[0].start()
    until(lambda: rows(site)["sweep-indexes"][3] > 1 and rows(site)["sweep-uploads"][3] > 1,
          FIRST_LOOK, "the jobs that nobody holds")
    assert rows(site)["sweep-sessions"][1:4] == ("dead/1", held["sweep-sessions"], 1), (
        "a job whose lease runs was taken")


def test_a_node_that_ends_in_order_keeps_no_job(new_site):
    site = new_site(2).start()
    for node in site.nodes:
        assert node.terminate() == 0
    assert all(not row[1] for row in rows(site).values())


def test_three_nodes_start_at_once_on_an_empty_database(new_site):
    """The first to come makes the tables. One of the links makes the administrator, at any node."""
    for _ in range(3):
        site = new_site(3, place=stores.networked(stores.cluster())).start()
        links = [node.setup_link() for node in site.nodes]
        assert all(links), "no set-up link was printed"
        for link in links:
            secrets.remember(link.rsplit("/", 1)[1])
        for client in site.clients():
            assert sorted(client.get(link).status for link in links) == [200, 404, 404]
