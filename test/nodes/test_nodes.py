"""Three nodes on one PostgreSQL and S3: what one has answered, all of them show."""
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import msgpack
import pytest

from conftest import make_account
from support import channel, packages, secrets
from support.publish import Refused, Upload
from support.site import at_node, check_clean, verify
from support.wait import until

ROUNDS = 40
DOCUMENTS = ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst")
COMMON = "common"          # an owner whom several tests publish for, at the same time


@pytest.fixture(scope="module")
def owner(site):
    """owner(login): its account and one token, made at first use."""
    made = {}

    def get(login):
        if login not in made:
            account = make_account(site.nodes[0], login)
            made[login] = account, account.token("fixture")
        return made[login]
    return get


@pytest.fixture(scope="module", autouse=True)
def all_is_well_in_the_end(site):
    yield
    check_clean(site.nodes[1])


def publish(client, owner, path, **how):
    it = Upload(client, owner, packages.describe(path), **how)
    it.run()
    return it


def shown(client, owner, filename):
    """Which of the channel's documents show a file, as this node gives them now."""
    base = f"/conda/{owner}/noarch"
    found = {}
    plain = client.get(f"{base}/repodata.json").expect(200).json()
    found["repodata.json"] = filename in channel.records(plain)
    packed = channel.repodata_zst(client, f"/conda/{owner}", "noarch")
    found["repodata.json.zst"] = filename in channel.records(packed)
    index = channel.shard_index(client, f"/conda/{owner}", "noarch")
    digest = index["shards"].get(filename.rsplit("-", 2)[0])
    found["shards"] = False
    if digest:
        body = client.get(f"{base}/shards/{digest.hex()}.msgpack.zst").expect(200).body
        shard = msgpack.unpackb(channel.unzstd(body))
        found["shards"] = filename in channel.records(shard)
    found["download"] = client.get(f"{base}/{filename}").expect(200, 404).status == 200
    return found


@contextmanager
def readers(site, owner):
    """Reads the documents of a channel on every node as fast as it can, so that each node fills
    its caches at every moment there is."""
    over, problems = threading.Event(), []

    def read(node):
        client = node.client()
        while not over.is_set():
            for name in DOCUMENTS:
                answer = client.get(f"/conda/{owner}/noarch/{name}")
                if answer.status != 200:
                    problems.append((node.url, name, answer.status))
        client.close()
    threads = [threading.Thread(target=read, args=[node]) for node in site.nodes]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert not problems, problems[:3]


def same_everywhere(site, owner):
    """The files that all nodes list, after checking that they list the same to the byte."""
    clients = site.clients()
    listed = channel.listed(clients[0], f"/conda/{owner}", "noarch")
    for name in (*DOCUMENTS, "run_exports.json"):
        answers = [client.get(f"/conda/{owner}/noarch/{name}").expect(200) for client in clients]
        assert len({answer.body for answer in answers}) == 1, f"{name} differs between nodes"
        assert len({answer.etag for answer in answers}) == 1, f"{name}: tags differ between nodes"
    for client in clients:
        client.close()
    return listed


# --- uploads ----------------------------------------------------------------------------------


def test_the_steps_of_an_upload_may_happen_on_three_nodes(site, owner, tiny):
    _, token = owner("steps")
    a, b, c = site.nodes
    for turn, (first, second, third) in enumerate([(a, b, c), (b, c, a), (c, a, b)]):
        upload = Upload(first.client(token=token), "steps",
                        packages.describe(tiny(f"steps{turn}")))
        upload.register()
        stage = upload.stage().json()
        upload.send(post_url=at_node(stage["post_url"], second))
        upload.client = third.client(token=token)
        upload.commit()
        for client in site.clients():
            body = client.get(f"/conda/steps/noarch/{upload.package.filename}").expect(200).body
            assert body == upload.data
    assert len(same_everywhere(site, "steps")) == 3


def test_bytes_lost_with_their_node_before_the_commit_are_not_needed(new_site, tmp_path):
    """What was received on one node can be committed on another when the first is gone."""
    site = new_site(2).start()
    token = make_account(site.nodes[0], "alice").token()
    upload = Upload(site.nodes[0].client(token=token), "alice",
                    packages.describe(packages.make_tiny(tmp_path, "orphaned")))
    upload.register()
    upload.stage()
    upload.send()
    site.nodes[0].kill()
    upload.client = site.nodes[1].client(token=token)
    upload.commit()
    answer = site.nodes[1].client().get("/conda/alice/noarch/orphaned-1.0-0.conda").expect(200)
    assert answer.body == upload.data


@pytest.mark.slow
def test_an_answered_upload_is_at_once_in_every_index_of_every_node(site, owner, tiny):
    login = "atonce"
    _, token = owner(login)
    writers, clients = site.clients(token=token), site.clients()
    with readers(site, login):
        for turn in range(ROUNDS):
            path = tiny(f"p{turn % 10}", f"{turn}.0")
            for client in clients:          # so that it is in their caches
                assert not any(shown(client, login, path.name).values())
            publish(writers[turn % 3], login, path)
            for place in (1, 2, 0):         # the other nodes first
                found = shown(clients[(turn + place) % 3], login, path.name)
                assert all(found.values()), f"round {turn}, {place} nodes on: {found}"
    assert len(same_everywhere(site, login)) == ROUNDS


@pytest.mark.slow
def test_a_removal_is_at_once_in_every_index_of_every_node(site, owner, tiny):
    login = "gone"
    _, token = owner(login)
    writers, clients = site.clients(token=token), site.clients()
    with readers(site, login):
        for turn in range(ROUNDS // 3):
            upload = publish(writers[0], login, tiny("gone", f"{turn}.0"))
            filename = upload.package.filename
            for client in clients:
                assert all(shown(client, login, filename).values())
            remover = writers[turn % 3]
            if turn % 2:
                remover.delete("/api/dist" + upload.dist_path).expect(200)
            else:
                remover.delete(f"/api/package/{login}/gone").expect(201)
            for place in (1, 2, 0):
                found = shown(clients[(turn + place) % 3], login, filename)
                assert not any(found.values()), f"round {turn}, {place} nodes on: {found}"
    assert same_everywhere(site, login) == {}


@pytest.mark.slow
def test_nodes_that_publish_into_one_channel_and_into_several_lose_nothing(site, owner, tmp_path):
    """Each node publishes for everybody's channel and for its own, with several hands."""
    hands, each = 3, 10
    logins = [COMMON, *(f"own{number}" for number in range(3))]
    tokens = {login: owner(login)[1] for login in logins}

    def work(job):
        number, hand = job
        for turn in range(each):
            login = COMMON if turn % 2 else f"own{number}"
            path = packages.make_tiny(tmp_path / f"{number}{hand}", f"n{number}h{hand}",
                                      f"{turn}.0")
            publish(site.nodes[number].client(token=tokens[login]), login, path)

    with readers(site, COMMON), ThreadPoolExecutor(3 * hands) as pool:
        list(pool.map(work, [(number, hand) for number in range(3) for hand in range(hands)]))
    expected = {login: set() for login in logins}
    for number in range(3):
        for hand in range(hands):
            for turn in range(each):
                expected[COMMON if turn % 2 else f"own{number}"].add(
                    f"n{number}h{hand}-{turn}.0-0.conda")
    for login in logins:
        assert set(same_everywhere(site, login)) == expected[login]
    verify(site.nodes[1])


def test_one_of_the_uploads_of_a_name_wins_whichever_node_it_goes_to(site, owner, tmp_path):
    _, token = owner(COMMON)
    for turn in range(5):
        name = f"contested{turn}"
        paths = [packages.make(tmp_path / str(i), packages.index_of(name),
                               {"share/x": f"{turn} {i}".encode()}) for i in range(6)]
        gate = threading.Barrier(len(paths))

        def one(number, paths=paths, gate=gate):
            it = Upload(site.client(number, token=token), COMMON,
                        packages.describe(paths[number]))
            gate.wait(30)
            try:
                it.run()
                return paths[number]
            except Refused as refused:
                assert refused.answer.status in (400, 404, 409, 422), refused
                return None
        with ThreadPoolExecutor(len(paths)) as pool:
            winners = [path for path in pool.map(one, range(len(paths))) if path]
        assert len(winners) == 1, winners
        for client in site.clients():
            body = client.get(f"/conda/{COMMON}/noarch/{name}-1.0-0.conda").expect(200).body
            assert body == winners[0].read_bytes()
        record = same_everywhere(site, COMMON)[f"{name}-1.0-0.conda"]
        assert record["sha256"] == hashlib.sha256(body).hexdigest()


def test_the_same_bytes_to_three_nodes_at_once_succeed_on_all(site, owner, tiny):
    """As when CI runs a job twice: the bytes have one blob, which all of them name."""
    for turn in range(5):
        path, gate = tiny(f"same{turn}"), threading.Barrier(3)

        def one(number, path=path, gate=gate):
            login = f"same{number}"
            gate.wait(30)
            publish(site.client(number, token=owner(login)[1]), login, path)
            gate.wait(30)
            publish(site.client(number, token=owner("same0")[1]), "same0", path)
        for number in range(3):
            owner(f"same{number}")
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(one, range(3)))
        for number in range(3):
            body = site.client(number + 1).get(
                f"/conda/same{number}/noarch/{path.name}").expect(200).body
            assert body == path.read_bytes()


# --- rights -----------------------------------------------------------------------------------


def test_a_token_revoked_on_one_node_is_refused_by_the_next_request_on_another(site, owner):
    account, _ = owner("revoker")
    cookie = account.session()
    makers = site.clients(cookie=cookie)
    for turn in range(ROUNDS):
        made = makers[turn % 3].post("/api/authentications", {"note": f"t{turn}"}).expect(200)
        token = secrets.remember(made.json()["token"])
        users, visitors = site.clients(token=token), site.clients()
        path = f"/t/{token}/conda/revoker/noarch/repodata.json"
        for user, visitor in zip(users, visitors):
            user.get("/api/user").expect(200)
            user.get("/conda/revoker/noarch/repodata.json").expect(200)
            visitor.get(path).expect(200)
        users[turn % 3].delete("/api/authentications").expect(201)
        for place in (1, 2, 0):
            number = (turn + place) % 3
            visitors[number].get(path).expect(401)
            users[number].get("/conda/revoker/noarch/repodata.json").expect(401)
            users[number].get("/api/user").expect(401)
        for client in (*users, *visitors):
            client.close()


def test_a_session_ended_on_one_node_is_over_on_all(site, owner):
    account, _ = owner("leaver")
    for turn in range(10):
        clients = site.clients(cookie=account.session())
        for client in clients:
            assert client.get("/api/v1/session").expect(200).json()["login"] == "leaver"
        clients[turn % 3].delete("/api/v1/session").expect(204)
        for client in clients:
            client.get("/api/user").expect(401)


def test_a_user_suspended_on_one_node_is_refused_by_the_next_request_on_another(site, owner):
    account, token = owner("suspended")
    admins = site.clients(cookie=make_account(site.nodes[0], "boss", superuser=True).session())
    sessions, users = site.clients(cookie=account.session()), site.clients(token=token)
    path = "/api/v1/admin/users/suspended/suspension"
    for turn in range(10):
        for client in (*sessions, *users):
            client.get("/api/user").expect(200)
        admins[turn % 3].request("PUT", path).expect(204)
        for place in (1, 2, 0):
            number = (turn + place) % 3
            for client in (sessions[number], users[number]):
                answer = client.get("/api/user").expect(401)
                assert answer.error == 'the account "suspended" is suspended'
        admins[(turn + 1) % 3].delete(path).expect(204)
        for place in (2, 0, 1):
            users[(turn + place) % 3].get("/api/user").expect(200)


def test_what_the_command_line_does_is_seen_by_all_nodes_within_a_moment(site):
    account = make_account(site.nodes[0], "fresh")
    for client in site.clients():
        until(lambda client=client: client.get("/conda/fresh/noarch/repodata.json").status == 200,
              5, "the account on every node")
    for node in site.nodes:
        account.server = node
        account.session()
