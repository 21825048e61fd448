"""Channels as they were: /conda/OWNER@gen-N/ and /conda/OWNER@TIME/."""
import datetime
import gzip
import json

import pytest
import zstandard

from support import channel, packages
from support.publish import Upload


@pytest.fixture(scope="module")
def alice(account):
    return account("alice").by_token()


class Channel:
    """A channel of its own, of an organization."""

    def __init__(self, server, alice, login, tmp_path):
        self.server, self.founder = server, alice
        self.login, self.folder = login, tmp_path
        alice.post("/api/v1/organizations", {"login": login}).expect(201)

    def publish(self, name, version, private=False, labels=("main",)):
        path = packages.make_tiny(self.folder, name, version)
        upload = Upload(self.founder, self.login, packages.describe(path), labels=list(labels))
        upload.register(public=not private)
        upload.run()
        return path.name

    def newest(self, client=None):
        return self.generations(client)[0]["number"]

    def generations(self, client=None, query=""):
        client = client or self.founder
        return client.get(f"/api/v1/channels/{self.login}/generations{query}").expect(
            200).json()["generations"]

    def base(self, moment="", label=""):
        return (f"/conda/{self.login}{'@' + moment if moment else ''}"
                f"{'/label/' + label if label else ''}")

    def listed(self, moment="", client=None, label="", subdir="noarch"):
        client = client or self.server.client()
        text = client.get(f"{self.base(moment, label)}/{subdir}/repodata.json").expect(200).json()
        return sorted(channel.records(text))


@pytest.fixture
def acme(server, alice, tmp_path, request):
    return Channel(server, alice, f"h{abs(hash(request.node.name)) % 10**9}", tmp_path)


def test_each_publish_is_a_state_that_can_be_had(acme, anonymous):
    first = acme.publish("x", "1.0")
    one = acme.newest()
    second = acme.publish("x", "2.0")
    two = acme.newest()
    assert two == one + 1
    assert acme.listed(f"gen-{one}") == [first]
    assert acme.listed(f"gen-{two}") == acme.listed() == [first, second]
    for number, files in ((one, 1), (two, 2)):
        base = f"{acme.base(f'gen-{number}')}/noarch"
        plain = anonymous.get(f"{base}/repodata.json").expect(200).body
        packed = anonymous.get(f"{base}/repodata.json.zst").expect(200).body
        assert zstandard.ZstdDecompressor().decompress(packed) == plain
        coded = anonymous.get(f"{base}/repodata.json", Accept_Encoding="gzip").expect(200)
        assert coded.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(coded.body) == plain
        assert len(json.loads(plain)["packages.conda"]) == files
        page = anonymous.get(f"{base}/index.html").expect(200).text
        assert page.count("<tr><td>") == files
        shards = channel.shards(anonymous, acme.base(f"gen-{number}"), "noarch")
        assert sorted(shards["packages.conda"]) == sorted(channel.records(json.loads(plain)))
    assert "1.0" == anonymous.get(f"{acme.base(f'gen-{one}')}/channeldata.json").json()[
        "packages"]["x"]["version"]


def test_a_file_is_had_where_it_was_listed(acme, anonymous):
    acme.publish("x", "1.0")
    one = acme.newest()
    second = acme.publish("x", "2.0")
    two = acme.newest()
    data = anonymous.get(f"{acme.base()}/noarch/{second}").expect(200).body
    assert anonymous.get(f"{acme.base(f'gen-{two}')}/noarch/{second}").expect(200).body == data
    anonymous.get(f"{acme.base(f'gen-{one}')}/noarch/{second}").expect(404)


def test_what_is_removed_is_still_listed_as_it_was(acme, anonymous):
    first = acme.publish("x", "1.0")
    one = acme.newest()
    acme.publish("y", "1.0")
    acme.founder.delete(f"/api/package/{acme.login}/x").expect(201)
    assert acme.listed() == ["y-1.0-0.conda"]
    assert acme.listed(f"gen-{one}") == [first]
    anonymous.get(f"{acme.base(f'gen-{one}')}/noarch/{first}").expect(404)


def test_times_mean_what_was_there_then(acme):
    first = acme.publish("x", "1.0")
    made = acme.generations()[0]["made_at"]
    acme.publish("x", "2.0")
    assert acme.listed(made.replace("+00:00", "Z")) in ([first], acme.listed())
    year = datetime.date.today().year + 1
    assert acme.listed(f"{year}-01-01T12:00") == acme.listed()
    assert acme.listed(f"{year}-01-01") == acme.listed()


@pytest.mark.parametrize("moment, status, says", [
    ("gen-99999", 404, "begins with gen-"), ("2001-01-01", 404, "begins with gen-"),
    ("gen-0", 404, "begins with gen-"), ("yesterday", 400, "takes gen-12"),
    ("gen-x", 400, "takes gen-12"), ("2026-13-01", 400, "takes gen-12")])
def test_a_state_that_cannot_be_had_says_so(acme, anonymous, moment, status, says):
    acme.publish("x", "1.0")
    answer = anonymous.get(f"{acme.base(moment)}/noarch/repodata.json").expect(status)
    assert says in answer.error
    assert moment in answer.error


def test_who_may_not_see_a_package_now_does_not_see_it_then(acme, anonymous):
    acme.publish("x", "1.0")
    acme.publish("y", "1.0")
    number = acme.newest()
    path = f"{acme.base(f'gen-{number}')}/noarch"
    before = anonymous.get(f"{path}/repodata.json").expect(200)
    assert len(before.json()["packages.conda"]) == 2
    acme.founder.request("PUT", f"/api/v1/packages/{acme.login}/x/access",
                         json_body={"access": "private"}).expect(200, 204)
    assert acme.listed(f"gen-{number}") == ["y-1.0-0.conda"]
    after = anonymous.get(f"{path}/repodata.json").expect(200)
    assert after.headers["ETag"] != before.headers["ETag"]
    packed = anonymous.get(f"{path}/repodata.json.zst").expect(200).body
    assert b"x-1.0" not in zstandard.ZstdDecompressor().decompress(packed)
    for name in ("run_exports.json", "index.html", "../channeldata.json", "../index.html"):
        text = anonymous.get(f"{acme.base(f'gen-{number}')}/"
                             f"{name[3:] if name.startswith('..') else 'noarch/' + name}")
        assert ">x<" not in text.text and '"x"' not in text.text and "x-1.0" not in text.text
    assert list(channel.shards(anonymous, acme.base(f"gen-{number}"), "noarch")["packages.conda"]
                ) == ["y-1.0-0.conda"]
    assert "<p>1 files, " in anonymous.get(f"{path}/index.html").text
    anonymous.get(f"{path}/x-1.0-0.conda").expect(404)
    assert acme.listed(f"gen-{number}", client=acme.founder) == ["x-1.0-0.conda", "y-1.0-0.conda"]


def test_what_was_private_is_in_no_state_for_others(acme, anonymous):
    acme.publish("seen", "1.0")
    seen = acme.newest()
    etag = anonymous.get(f"{acme.base(f'gen-{seen}')}/noarch/repodata.json").headers["ETag"]
    acme.publish("secret", "1.0", private=True)
    hidden = acme.newest()
    assert acme.listed(f"gen-{hidden}") == ["seen-1.0-0.conda"]
    assert acme.listed(f"gen-{hidden}", client=acme.founder) == [
        "secret-1.0-0.conda", "seen-1.0-0.conda"]
    assert "secret" not in json.dumps(acme.generations(client=anonymous))
    assert "secret" in json.dumps(acme.generations())
    assert anonymous.get(f"{acme.base(f'gen-{seen}')}/noarch/repodata.json").headers[
        "ETag"] == etag


def test_labels_have_their_states(acme, anonymous):
    name = acme.publish("x", "1.0", labels=("dev",))
    dev = acme.newest()
    acme.publish("x", "2.0", labels=("dev",))
    assert acme.listed(f"gen-{dev}", label="dev") == [name]
    assert len(acme.listed(label="dev")) == 2
    assert acme.generations()[0]["changes"] == [
        {"label": "dev", "subdir": "noarch", "package": "x", "filename": "x-2.0-0.conda"}]


def test_the_history_says_who_did_what(acme, anonymous):
    acme.publish("x", "1.0")
    acme.publish("x", "2.0")
    acme.founder.delete(f"/api/dist/{acme.login}/x/1.0/noarch/x-1.0-0.conda").expect(200, 201)
    newest, second, first = acme.generations()[:3]
    assert [newest["number"] - 1, second["number"] - 1] == [second["number"], first["number"]]
    assert [it["actor"] for it in (newest, second, first)] == ["alice"] * 3
    assert [it["actor"] for it in acme.generations(client=anonymous)] == [""] * 3
    assert newest["changes"] == [{"label": "main", "subdir": "noarch", "package": "x",
                                  "filename": "x-1.0-0.conda"}]
    page = acme.generations(query="?limit=1")
    assert page == [newest]
    assert acme.generations(query=f"?before={newest['number']}&limit=1") == [second]


def test_a_file_that_was_replaced_is_not_had_under_what_it_was(acme, anonymous, tmp_path):
    name = acme.publish("x", "1.0")
    one = acme.newest()
    old = anonymous.get(f"{acme.base(f'gen-{one}')}/noarch/{name}").expect(200).body
    acme.founder.delete(f"/api/dist/{acme.login}/x/1.0/noarch/{name}").expect(200, 201)
    other = packages.make(tmp_path / "other", packages.index_of("x"), {"share/new": b"new"})
    Upload(acme.founder, acme.login, packages.describe(other)).run()
    two = acme.newest()
    new = anonymous.get(f"{acme.base(f'gen-{two}')}/noarch/{name}").expect(200).body
    assert new != old
    anonymous.get(f"{acme.base(f'gen-{one}')}/noarch/{name}").expect(404)


def test_a_name_that_is_had_again_does_not_show_what_it_was(acme, anonymous):
    acme.publish("x", "1.0")
    one = acme.newest()
    acme.founder.request("PUT", f"/api/v1/packages/{acme.login}/x/access",
                         json_body={"access": "private"}).expect(200, 204)
    acme.founder.delete(f"/api/package/{acme.login}/x").expect(201)
    acme.publish("x", "2.0")
    assert acme.listed() == ["x-2.0-0.conda"]
    assert acme.listed(f"gen-{one}") == []


# --- back to it -------------------------------------------------------------------------------

def roll_back(acme, to, status=200, client=None, **more):
    return (client or acme.founder).post(f"/api/v1/channels/{acme.login}/rollback",
                                         {"to": to, **more}).expect(status)


def test_a_channel_goes_back_to_what_it_was(acme, anonymous):
    acme.publish("x", "1.0")
    good = acme.newest()
    wanted = anonymous.get(f"{acme.base()}/noarch/repodata.json").body
    acme.publish("x", "2.0")
    acme.publish("y", "1.0")
    bad = acme.newest()
    assert roll_back(acme, f"gen-{good}").json() == {
        "generation": bad + 1, "gained": 0, "lost": 2, "missing": []}
    assert anonymous.get(f"{acme.base()}/noarch/repodata.json").body == wanted
    assert acme.generations()[0]["number"] == bad + 1
    # The files are there still, and forward is the same way.
    assert roll_back(acme, f"gen-{bad}").json()["gained"] == 2
    assert acme.listed() == ["x-1.0-0.conda", "x-2.0-0.conda", "y-1.0-0.conda"]
    assert roll_back(acme, f"gen-{bad}").json() == {
        "generation": None, "gained": 0, "lost": 0, "missing": []}
    events = acme.founder.get(f"/api/v1/accounts/{acme.login}/security-log").json()["events"]
    assert [it["detail"] for it in events if it["action"] == "channel.rollback"] == [
        f"to gen-{bad}: 2 files again, 0 no more", f"to gen-{good}: 0 files again, 2 no more"]


def test_what_was_removed_is_told(acme):
    acme.publish("x", "1.0")
    acme.publish("y", "1.0")
    both = acme.newest()
    acme.founder.delete(f"/api/package/{acme.login}/x").expect(201)
    answer = roll_back(acme, f"gen-{both}").json()
    assert answer["missing"] == ["noarch/x-1.0-0.conda"] and answer["generation"] is None
    assert acme.listed() == ["y-1.0-0.conda"]


def test_one_label_goes_back_alone(acme):
    acme.publish("x", "1.0", labels=("main", "dev"))
    first = acme.newest()
    acme.publish("x", "2.0", labels=("main", "dev"))
    assert roll_back(acme, f"gen-{first}", label="dev").json()["lost"] == 1
    assert acme.listed(label="dev") == ["x-1.0-0.conda"]
    assert acme.listed() == ["x-1.0-0.conda", "x-2.0-0.conda"]


def test_a_rollback_that_cannot_be_changes_nothing(acme, anonymous, account):
    acme.publish("x", "1.0")
    first = acme.newest()
    acme.publish("x", "2.0")
    before = acme.generations()
    assert "to is missing" in acme.founder.post(
        f"/api/v1/channels/{acme.login}/rollback", {}).expect(422).error
    assert "begins with" in roll_back(acme, "gen-9999", 404).error
    assert "takes gen-12" in roll_back(acme, "last week", 400).error
    assert 'no label "nope"' in roll_back(acme, f"gen-{first}", 404, label="nope").error
    roll_back(acme, f"gen-{first}", 403, client=account("mallory").by_token())
    roll_back(acme, f"gen-{first}", 401, client=anonymous)
    acme.founder.request("POST", f"/api/channels/{acme.login}/main/lock").expect(200, 201, 204)
    assert "locked" in roll_back(acme, f"gen-{first}", 403).error
    assert acme.generations() == before
