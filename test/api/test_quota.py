"""How much an account may store: told early and clearly, and held whatever comes at once."""
import threading

import pytest

from conftest import make_account
from support import packages
from support.publish import FORM_HEADERS, Plain, Refused, Upload, form_of

MIB = 1 << 20


@pytest.fixture
def boss(server, account):
    return server.client(token=account("boss", superuser=True).token("quota"))


@pytest.fixture
def alice(server, token):
    return server.client(token=token("alice"))


def usage(client, owner="alice"):
    return client.get(f"/api/v1/accounts/{owner}/usage").expect(200).json()


def set_quota(boss, quota, owner="alice"):
    boss.request("PUT", f"/api/v1/admin/accounts/{owner}/quota",
                 json_body={"quota": quota}).expect(204)


def upload(client, name, data, owner="alice", sha256=True):
    it = Upload(client, owner, Plain(name, "1", f"{name}.bin"), [], data, "file")
    it.register()
    it.stage(sha256)
    it.send()
    it.commit()
    return it


def test_usage(server, token, publish, tiny):
    una = server.client(token=token("una"))
    assert usage(una, "una") == {"bytes": 0, "files": 0, "quota": None, "quota_of": "server",
                            "types": {}, "trash": {"bytes": 0, "files": 0}}
    conda = len(publish("una", tiny("used", "1.0")).data)
    upload(una, "one", b"a" * 1000, "una")
    upload(una, "two", b"a" * 1000, "una")   # the same bytes
    assert usage(una, "una") == {
        "bytes": conda + 1000, "files": 3, "quota": None, "quota_of": "server",
        "types": {"conda": {"bytes": conda, "files": 1}, "file": {"bytes": 2000, "files": 2}},
        "trash": {"bytes": 0, "files": 0}}
    una.delete("/api/package/una/one").expect(201)
    una.delete("/api/package/una/used").expect(201)
    now = usage(una, "una")
    assert (now["bytes"], now["files"]) == (conda + 1000, 1)
    assert now["trash"] == {"bytes": conda + 1000, "files": 2}
    for item in una.get("/api/v1/trash/una").json()["items"]:
        una.delete(f"/api/v1/trash/una/{item['id']}").expect(204)
    assert usage(una, "una")["bytes"] == 1000
    assert server.client(token=token("bob")).get("/api/v1/accounts/una/usage").status == 403


def test_what_goes_over_it_is_refused_with_the_numbers(alice, boss):
    used = usage(alice)["bytes"]
    set_quota(boss, used + 500)
    assert usage(alice)["quota"] == used + 500
    text = (f"the quota of this account is {used + 500} bytes, of which it uses {used}, with its "
            f"trash; there is no room for the 501 bytes of this file")
    with pytest.raises(Refused) as refused:
        upload(alice, "over", b"b" * 501)
    assert refused.value.step == "form"   # before it is all there
    assert refused.value.answer.status == 413
    assert text in refused.value.answer.body.decode()
    upload(alice, "fits", b"c" * 500)
    with pytest.raises(Refused) as refused:
        upload(alice, "more", b"d")
    assert (refused.value.step, refused.value.answer.status) == ("stage", 413)
    assert refused.value.answer.error == (
        f"the quota of this account is {used + 500} bytes, of which it uses {used + 500}, with its "
        "trash; there is no room for another file")
    upload(alice, "again", b"c" * 500)   # takes no room
    assert usage(alice)["bytes"] == used + 500
    # Nor does what is put back: the trash counts.
    alice.delete("/api/package/alice/fits").expect(201)
    alice.delete("/api/package/alice/again").expect(201)
    item = alice.get("/api/v1/trash/alice?limit=1").json()["items"][0]
    alice.request("POST", f"/api/v1/trash/alice/{item['id']}/restore").expect(200)
    # What is over it already stays.
    set_quota(boss, 1)
    assert alice.get("/api/download/alice/again/1/again.bin").status == 200
    set_quota(boss, None)
    upload(alice, "more", b"d")


def test_a_large_file_is_cut_off_on_its_way(alice, boss, server, token):
    set_quota(boss, usage(alice)["bytes"] + 1000)
    it = Upload(alice, "alice", Plain("large", "1", "large.bin"), [], b"x" * (32 * MIB), "file")
    it.register()
    it.stage(sha256=False)
    with pytest.raises(Refused) as refused:
        it.send()
    assert refused.value.answer.status == 413
    assert b"there is no room for the" in refused.value.answer.body
    answer = alice.request("PUT", "/api/v1/files/alice/large.bin", body=b"x" * (32 * MIB))
    assert answer.status == 413 and "there is no room for the" in answer.error
    # Who may not publish there learns nothing of what is used.
    form = form_of(("file", "large.bin", b"x" * 2000), ("package", "large"))
    answer = server.client(token=token("eve")).request(
        "POST", "/api/v1/packages/alice/upload", body=form, headers=FORM_HEADERS)
    assert answer.status == 403
    set_quota(boss, None)


def test_uploads_at_once_cannot_go_over_it(alice, boss, server, token):
    """All of them were received when there was room for each; it is decided at the commit."""
    size, count = 10000, 8
    used = usage(alice)["bytes"]
    set_quota(boss, used + 3 * size)
    ready = []
    for number in range(count):
        it = Upload(server.client(token=token("alice")), "alice",
                    Plain(f"race{number}", "1", "data.bin"), [], bytes([number]) * size, "file")
        it.register()
        it.stage()
        it.send()
        ready.append(it)
    start, statuses = threading.Barrier(count), []

    def commit(it):
        start.wait()
        try:
            statuses.append(it.commit().status)
        except Refused as refused:
            statuses.append(refused.answer.status)
    threads = [threading.Thread(target=commit, args=[it]) for it in ready]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 3 + [413] * (count - 3)
    assert usage(alice)["bytes"] == used + 3 * size
    set_quota(boss, None)
    assert "all is well" in server.command("verify", "--quick").stdout


def test_copies_and_transfers_take_room(alice, boss, server, token):
    carl = server.client(token=token("carl"))
    upload(alice, "given", b"e" * 5000)
    set_quota(boss, 4999, "carl")
    answer = carl.post("/api/v1/files/alice/copies", {
        "files": [{"package": "given"}], "to_owner": "carl"})
    assert answer.status == 413 and "of which it uses 0" in answer.error
    alice.request("POST", "/api/v1/packages/alice/given/transfer", json_body={"to": "carl"}).expect(201)
    offer = carl.get("/api/v1/transfers").json()["incoming"][0]["id"]
    answer = carl.post(f"/api/v1/transfers/{offer}/accept", {})
    assert answer.status == 413
    assert answer.error == ("the quota of the new owner is 4999 bytes; with this package and its "
                            "trash it would use 5000")
    set_quota(boss, 5000, "carl")
    carl.post(f"/api/v1/transfers/{offer}/accept", {}).expect(200)
    assert usage(carl, "carl")["bytes"] == 5000
    assert "all is well" in server.command("verify", "--quick").stdout


def test_the_setting_is_for_all(new_server, tiny):
    server = new_server(options=["--quota", "1K", "--trash-days", "0"]).start()
    dora = make_account(server, "dora").by_token()
    assert usage(dora, "dora")["quota"] == 1024
    upload(dora, "some", b"f" * 1000, "dora")
    with pytest.raises(Refused) as refused:
        Upload(dora, "dora", packages.describe(tiny("conda", "1.0"))).run()
    assert refused.value.answer.status == 413
    dora.delete("/api/package/dora/some").expect(201)   # there is no trash: at once
    assert usage(dora, "dora")["bytes"] == 0
    upload(dora, "more", b"g" * 1024, "dora")
    server.finish()
