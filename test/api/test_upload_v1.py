"""Files in one request: /api/v1/packages/OWNER/upload (a form) and /api/v1/files/OWNER/NAME (the body)."""
import hashlib
import re
import threading
from urllib.parse import quote

import pytest

from support import channel, notebooks, packages, pypi
from support.curl import Curl
from support.publish import FORM_HEADERS, form_of

STAMP = re.compile(r"20\d\d\.[01]\d\.[0-3]\d\.[0-2]\d[0-5]\d[0-5]\d")


@pytest.fixture(scope="module")
def alice(account):
    return account("alice").by_token()


@pytest.fixture(scope="module")
def bob(account):
    return account("bob").by_token("bob")


def put(client, name, data, owner="alice", query="", **headers):
    return client.request("PUT", f"/api/v1/files/{owner}/{quote(name)}{query}", body=data,
                          headers=headers)


def send(client, *parts, owner="alice"):
    return client.request("POST", f"/api/v1/packages/{owner}/upload", body=form_of(*parts),
                          headers=FORM_HEADERS)


# --- what is found out ------------------------------------------------------------------------


def test_conda_packages_are_put_by_their_name_alone(alice, anonymous, test_data):
    put_in = {}
    for path in sorted((test_data / "conda" / "cph-tests").rglob("*")) + sorted(
            (test_data / "conda" / "rattler-tests").rglob("*")):
        if path.name.endswith(packages.EXTENSIONS) and path.stat().st_size < 500_000:
            answer = put(alice, path.name, path.read_bytes())
            if answer.status == 201 and answer.json()["type"] == "conda":
                put_in[answer.json()["basename"]] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:   # odd ones, and names that come twice with other bytes
                assert answer.status in (200, 201, 400, 409, 422), answer.body
    assert len(put_in) > 20 and len({name.split("/")[0] for name in put_in}) > 1
    for subdir in {name.split("/")[0] for name in put_in}:
        listed = channel.listed(anonymous, "/conda/alice", subdir)
        for name, sha256 in put_in.items():
            if name.startswith(subdir + "/"):
                assert listed[name.split("/")[1]]["sha256"] == sha256


def test_distributions_and_r_packages_are_known_by_their_names(alice, test_data):
    wheel = next(iter(sorted((test_data / "pypi").rglob("*-py3-none-any.whl"))))
    answer = put(alice, wheel.name, wheel.read_bytes()).expect(201).json()
    assert answer["type"] == "pypi"
    assert answer["full_name"].split("/")[1:3] == wheel.name.split("-")[:2]
    source = next(iter(sorted((test_data / "r" / "src").rglob("*_*.tar.gz"))))
    answer = put(alice, source.name, source.read_bytes()).expect(201).json()
    assert answer["type"] == "r"
    assert "_".join(answer["full_name"].split("/")[1:3]) + ".tar.gz" == source.name


def test_a_project_stays_in_the_package_that_has_it(alice, bob):
    (first, one), (second, two), (third, three) = [
        pypi.wheel("my-pkg", version) for version in ("1.0", "2.0", "3.0")]
    put(alice, first, one, query="?package=My-Pkg").expect(201)
    made = put(alice, second, two).expect(201).json()
    assert made["full_name"] == f"alice/My-Pkg/2.0/{second}"
    assert put(bob, third, three).expect(403).error == (
        '"bob" may not publish or change "alice/my_pkg"')


def test_what_has_no_version_gets_the_moment(alice):
    first = put(alice, "A plot.ipynb", notebooks.PLOT).expect(201).json()
    assert first["type"] == "ipynb" and first["full_name"].startswith("alice/a-plot/")
    assert STAMP.fullmatch(first["version"])
    second = send(alice, ("file", "A plot.ipynb", notebooks.notebook())).expect(201).json()
    assert STAMP.fullmatch(second["version"]) and second["version"] > first["version"]
    env = b"name: dev\nchannels: [conda-forge]\ndependencies: [python]\n"
    assert put(alice, "environment.yml", env).expect(201).json()["type"] == "env"
    plain = put(alice, "numbers.csv", b"1,2\n").expect(201).json()
    assert (plain["type"], plain["basename"]) == ("file", "numbers.csv")
    assert alice.get(f"/api/download/{plain['full_name']}").expect(200).body == b"1,2\n"


def test_uploads_of_one_second_do_not_collide(server, account):
    token, answers = account("alice").token("many"), []

    def work(number):
        client = server.client(token=token)
        answers.append(put(client, "race.csv", b"%d" % number))
        client.close()
    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [201] * 6
    assert len({answer.json()["version"] for answer in answers}) == 6


# --- what is said -----------------------------------------------------------------------------


def test_what_is_said_is_kept(alice, anonymous):
    fields = [("package", "sales"), ("version", "2026.1"), ("label", "dev"), ("label", "rc"),
              ("summary", "What was sold"), ("description", "Numbers."), ("access", "private")]
    made = send(alice, *fields, ("file", "numbers.csv", b"1,2")).expect(201).json()
    assert made["full_name"] == "alice/sales/2026.1/numbers.csv"
    assert made["labels"] == ["dev", "rc"] and made["description"] == "Numbers."
    package = alice.get("/api/package/alice/sales").expect(200).json()
    assert package["summary"] == "What was sold" and package["access"] == "private"
    anonymous.get("/api/package/alice/sales").expect(404)


@pytest.mark.parametrize("field, value, status, says", [
    ("type", "exe", 400, '"exe"'), ("package", "a b", 400, '"a b"'), ("version", "1/2", 400, '"1/2"'),
    ("label", "t", 400, '"t"'), ("access", "all", 422, '"all"'), ("force", "maybe", 422, '"maybe"'),
    ("sha256", "0" * 64, 400, "was declared as 000"), ("type", "conda", 400, "numbers.csv"),
])
def test_each_refusal_names_its_field_and_leaves_nothing(alice, field, value, status, says):
    answer = send(alice, ("package", "leftover"), ("file", "numbers.csv", b"1,2"),
                  (field, value)) if field != "package" else send(
        alice, ("file", "numbers.csv", b"1,2"), (field, value))
    assert answer.status == status, answer.body
    problem = answer.json()
    assert problem["field"] == ("file" if value == "conda" else field)
    assert says in problem["error"] == problem["detail"]
    alice.get("/api/package/alice/leftover").expect(404)


def test_a_file_that_is_not_what_its_name_says_is_refused_with_the_way_out(alice, anonymous):
    answer = put(alice, "broken-1.0-0.conda", b"no package").expect(400)
    assert answer.json()["field"] == "file"
    assert "with type=file it is kept as it is" in answer.error
    alice.get("/api/package/alice/broken").expect(404)
    kept = put(alice, "broken-1.0-0.conda", b"no package", query="?type=file").expect(201).json()
    assert kept["type"] == "file"
    assert "broken-1.0-0.conda" not in channel.filenames(anonymous, "/conda/alice", "noarch")


# --- the same name again ----------------------------------------------------------------------


def test_the_same_bytes_succeed_and_others_are_refused_unless_forced(alice, anonymous, tiny):
    path = tiny("again")
    data, other = path.read_bytes(), packages.make(
        path.parent / "other", packages.index_of("again"), {"share/x": b"other"}).read_bytes()
    put(alice, path.name, data).expect(201)
    assert put(alice, path.name, data, query="?label=dev").expect(200).json()["labels"] == [
        "dev", "main"]
    assert "exists already, with other content" in put(alice, path.name, other).expect(409).error
    assert anonymous.get(f"/conda/alice/noarch/{path.name}").expect(200).body == data
    forced = put(alice, path.name, other, query="?force=true").expect(201).json()
    assert forced["labels"] == ["dev", "main"]
    assert anonymous.get(f"/conda/alice/noarch/{path.name}").expect(200).body == other
    for where in ("/conda/alice", "/conda/alice/label/dev"):
        listed = channel.listed(anonymous, where, "noarch")[path.name]
        assert listed["sha256"] == hashlib.sha256(other).hexdigest()


def test_a_locked_label_stands(account, tiny):
    client = account("lorna").by_session()
    path = tiny("locked")
    put(client, path.name, path.read_bytes(), owner="lorna").expect(201)
    client.post("/api/channels/lorna/main/lock").expect(201)
    second = tiny("locked", "2.0")
    assert "locked" in put(client, second.name, second.read_bytes(), owner="lorna").expect(403).error
    put(client, second.name, second.read_bytes(), owner="lorna", query="?label=dev").expect(201)


# --- who may ----------------------------------------------------------------------------------


def test_nobody_is_told_what_is_there(alice, bob, anonymous, tiny):
    hidden, free = tiny("hidden"), tiny("unknown")
    put(alice, hidden.name, hidden.read_bytes(), query="?access=private").expect(201)
    for path, name in ((hidden, "hidden"), (free, "unknown")):
        answer = put(bob, path.name, path.read_bytes()).expect(403)
        assert answer.error == f'"bob" may not publish or change "alice/{name}"'
        put(anonymous, path.name, path.read_bytes()).expect(401)


def test_a_refusal_is_on_record(alice, bob, tiny):
    path = tiny("recorded")
    put(bob, path.name, path.read_bytes()).expect(403)
    log = alice.get("/api/v1/security-log?action=access.denied&limit=1").expect(200).json()
    event, = log["events"]
    assert event["actor"] == "bob" and "putFile" in event["detail"]


def test_limited_tokens_publish_what_they_are_for(server, account, alice, tiny):
    one, other = tiny("mine"), tiny("others")
    put(alice, one.name, one.read_bytes()).expect(201)
    limits = {"packages": ["alice/mine"], "labels": ["dev"]}
    client = account("alice").by_token("ci", scopes=["conda:upload"], limits=limits)
    new = tiny("mine", "2.0")
    assert "label" in put(client, new.name, new.read_bytes()).expect(403).error
    put(client, new.name, new.read_bytes(), query="?label=dev").expect(201)
    put(client, other.name, other.read_bytes(), query="?label=dev").expect(403)
    assert '"file"' in put(client, "x.csv", b"1", query="?package=mine&label=dev").expect(403).error


# --- clients ----------------------------------------------------------------------------------


def test_a_body_without_a_length_is_streamed(alice, tiny):
    data = tiny("chunked").read_bytes()
    pieces = [data[at:at + 100] for at in range(0, len(data), 100)]
    put(alice, "chunked-1.0-0.conda", iter(pieces)).expect(201)


def test_curl_sends_files_and_forms(server, account, tmp_path):
    """Of more than a megabyte, so that it asks first whether it may (Expect: 100-continue)."""
    curl = Curl(account("alice").token("curl"))
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * 8192)
    status, body = curl("-T", path, f"{server.url}/api/v1/files/alice/large.bin")
    assert status == 201 and hashlib.sha256(path.read_bytes()).hexdigest() in body
    status, body = curl("-T", path, f"{server.url}/api/v1/files/alice/?version=8")
    assert status == 201 and "alice/large/8/large.bin" in body
    form = f"{server.url}/api/v1/packages/alice/upload"
    status, body = curl("-F", f"file=@{path}", "-F", "package=bulk", "-F", "version=7", form)
    assert status == 201 and "alice/bulk/7/large.bin" in body
    status, body = curl("-T", path, f"{server.url}/api/v1/files/bob/large.bin")
    assert status == 403 and "may not publish" in body
