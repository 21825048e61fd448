"""Downloads: what counts, by whom it is, and that none is lost when a server is told to stop."""
import datetime
import threading

import pytest

from conftest import make_account
from support import packages
from support.publish import Upload

# What real clients send, and what each is counted as.
AGENTS = {
    "conda/24.11.1 requests/2.32.3 CPython/3.12.7 Linux/6.1.0-28-amd64 debian/12 glibc/2.36"
    " solver/libmamba conda-libmamba-solver/24.9.0 libmambapy/1.5.11": "conda",
    "conda/4.6.14 requests/2.21.0 CPython/3.7.3 Linux/4.15.0 ubuntu/18.04 glibc/2.27": "conda",
    "mamba/2.8.1 libcurl/8.17.0": "mamba",
    "libmamba/2.0.5 libcurl/8.11.0": "mamba",
    "micromamba/1.5.8 libcurl/8.5.0": "mamba",
    "pixi/0.40.0": "pixi",
    "rattler/0.28.1": "rattler",
    "py-rattler/0.9.0": "rattler",
    "rattler-build/0.35.2": "rattler",
    "Anaconda-Client/1.14.1 (+https://anaconda.org)": "anaconda-client",
    'pip/24.3.1 {"ci":null,"cpu":"x86_64","implementation":{"name":"CPython","version":"3.12.7"}}':
        "pip",
    'uv/0.5.11 {"installer":{"name":"uv","version":"0.5.11"},"python":"3.12.7"}': "uv",
    "poetry/1.8.5 CPython/3.12.7 Linux/6.1.0-28-amd64": "poetry",
    "R/4.2.2 R (4.2.2 x86_64-pc-linux-gnu x86_64 linux-gnu)": "R",
    "libcurl/7.88.1 r-curl/5.2.0 httr/1.4.7": "R",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "browser",
    "python-requests/2.32.3": "other",
    "Wget/1.21.3": "other",
    None: "other",
}


@pytest.fixture
def shop(new_server, tmp_path):
    """A server with two versions of a package, which is stopped and started again."""
    it = new_server().start()
    it.alice = make_account(it, "alice")
    it.token = it.alice.token()
    it.files = [packages.describe(packages.make_tiny(tmp_path, "tool", version))
                for version in ("1.0", "2.0")]
    for package in it.files:
        Upload(it.client(token=it.token), "alice", package).run()

    def again():
        assert it.terminate() == 0, it.log()[-2000:]
        it.start()
        return it.client(token=it.token)
    it.again = again
    return it


def channel_path(package):
    return f"/conda/alice/{package.basename}"


def dist_path(package):
    return f"alice/{package.name}/{package.version}/{package.basename}"


def statistics(client, query=""):
    return client.get(f"/api/v1/packages/alice/tool/downloads{query}").expect(200).json()


def by_group(client, group):
    return {it["name"] if it["kind"] == "group" else it["kind"]: it["downloads"]
            for it in statistics(client, f"?group={group}")["series"]}


def test_each_kind_of_client_is_counted_exactly(shop):
    client, wanted = shop.client(), {}
    for number, (agent, kind) in enumerate(AGENTS.items()):
        headers = {} if agent is None else {"User-Agent": agent}
        for _ in range(number % 3 + 1):
            path = channel_path(shop.files[number % 2])
            client.request("GET", path, headers=headers).expect(200)
            client.request("HEAD", path, headers=headers).expect(200)
            wanted[kind] = wanted.get(kind, 0) + 1
    assert by_group(shop.again(), "client") == wanted


def test_what_counts_is_what_sends_a_file_from_its_beginning(shop):
    first, second = shop.files
    client, path = shop.client(), channel_path(first)
    etag = client.get(path).expect(200).etag                                        # 1
    client.get(path, if_none_match=etag).expect(304)
    client.get(path, range="bytes=0-").expect(206)                                  # 2
    client.get(path, range="bytes=0-99").expect(206)                                # 3
    client.get(path, range="bytes=100-").expect(206)
    client.get(path, range="bytes=-10").expect(206)
    client.get(path, range=f"bytes={first.size}-").expect(416)
    client.get(path, range="bytes=100-", if_range='"other"').expect(200)            # 4
    client.head(path).expect(200)
    client.get(f"/api/download/{dist_path(first)}").expect(200)                     # 5
    client.head(f"/api/download/{dist_path(first)}").expect(200)
    client.get(f"/t/{shop.token}{path}").expect(200)                                # 6
    client.get(f"/conda/t/{shop.token}{path.removeprefix('/conda')}").expect(200)   # 7
    client.get(f"/conda/alice/label/main/{first.basename}").expect(200)             # 8
    client.get(f"/api/dist/{dist_path(first)}").expect(200)
    client.get("/conda/alice/noarch/repodata.json").expect(200)
    client.get("/conda/alice/noarch/tool-3.0-0.conda").expect(404)
    client.get(channel_path(second)).expect(200)                                    # of 2.0
    again = shop.again()
    assert by_group(again, "version") == {"1.0": 8, "2.0": 1}
    assert again.get(f"/api/dist/{dist_path(first)}").expect(200).json()["ndownloads"] == 8
    package = again.get("/api/package/alice/tool").expect(200).json()
    assert package["ndownloads"] == 9
    assert {it["version"]: it["ndownloads"] for it in package["files"]} == {"1.0": 8, "2.0": 1}


def test_none_is_lost_of_many_at_once(shop):
    """From memory and from workers, while the server is told to stop right after the last."""
    rounds, threads = 150, 6

    def download(number):
        client = shop.client()
        for at in range(rounds):
            client.get(channel_path(shop.files[(at + number) % 2])).expect(200)
    running = [threading.Thread(target=download, args=[number]) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    found = statistics(shop.again())
    assert found["total"] == rounds * threads
    assert found["downloads"] == sum(found["counts"]) == rounds * threads


def test_a_package_keeps_what_its_removed_files_had(shop):
    first, second = shop.files
    owner = shop.client(token=shop.token)
    owner.get(channel_path(first)).expect(200)
    owner.get(channel_path(first)).expect(200)
    owner.get(channel_path(second)).expect(200)
    owner.delete(f"/api/dist/{dist_path(first)}").expect(200)
    again = shop.again()
    assert by_group(again, "version") == {"2.0": 1, "removed": 2}
    assert statistics(again)["total"] == 3
    again.delete("/api/package/alice/tool").expect(201)
    account = again.get("/api/v1/accounts/alice/downloads").expect(200).json()
    assert account["total"] == 0 and account["packages"] == []


def test_private_packages_are_counted_for_those_who_see_them(shop):
    owner, visitor = shop.client(token=shop.token), shop.client()
    other = make_account(shop, "bob").by_token()
    owner.request("PUT", "/api/v1/packages/alice/tool/access",
                  json_body={"access": "private"}).expect(204)
    visitor.get(channel_path(shop.files[0])).expect(404)
    owner.get(channel_path(shop.files[0])).expect(200)
    again = shop.again()
    assert statistics(again)["total"] == 1
    mine = again.get("/api/v1/accounts/alice/downloads").expect(200).json()
    assert mine["packages"] == [{"name": "tool", "access": "private", "total": 1, "downloads": 1}]
    for client in (shop.client(), shop.client(token=other.credentials["Authorization"][6:])):
        client.get("/api/v1/packages/alice/tool/downloads").expect(404)
        theirs = client.get("/api/v1/accounts/alice/downloads").expect(200).json()
        assert theirs["packages"] == [] and theirs["total"] == theirs["downloads"] == 0
        assert not any(theirs["counts"])


def test_time_ends_today_and_is_whole(server, publish, tiny, anonymous):
    publish("alice", tiny("tool"))
    today = datetime.datetime.now(datetime.timezone.utc).date()
    for by, count in (("day", 30), ("week", 12), ("month", 12)):
        found = statistics(anonymous, f"?by={by}")
        assert found["by"] == by and len(found["dates"]) == len(found["counts"]) == count
        assert found["from"] == found["dates"][0]
        assert found["to"] in (str(today), str(today + datetime.timedelta(1)))
        dates = [datetime.date.fromisoformat(it) for it in found["dates"]]
        assert all(it.weekday() == 0 for it in dates) or by != "week"
        assert all(it.day == 1 for it in dates) or by != "month"
    for query, field in (("?by=year", "by"), ("?from=x", "from"), ("?to=2026-13-01", "to"),
                         ("?group=country", "group"), ("?from=2000-01-01", "from")):
        answer = anonymous.get(f"/api/v1/packages/alice/tool/downloads{query}").expect(422).json()
        assert answer["field"] == field
    anonymous.get("/api/v1/packages/alice/tool/downloads?sort=up").expect(422)
