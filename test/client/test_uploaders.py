"""The clients of other servers publish here: rattler's upload commands (which are rattler-build's and
pixi's) and quetz-client, unmodified."""
import json
import subprocess

import pytest

from support import channel
from support.venvs import find_venv

# What stores have to do with it, test/api/test_foreign_uploads.py shows on each of them.
pytestmark = pytest.mark.once

RATTLER = """
import json, sys
from rattler_build import upload
for name, words, options in json.load(sys.stdin):
    try:
        getattr(upload, "upload_package_to_" + name)(*words, **options)
        print(json.dumps("done"))
    except BaseException as problem:
        print(json.dumps(str(problem)))
"""


@pytest.fixture
def rattler(tmp_path):
    """rattler([name, words, options], ...): what each upload came to: "done", or what it said."""
    python = find_venv(".venv-uploaders") / "bin" / "python"

    def run(*uploads):
        done = subprocess.run([python, "-c", RATTLER], input=json.dumps(uploads),
                              capture_output=True, text=True, timeout=120, cwd=tmp_path,
                              env={"HOME": str(tmp_path), "NO_PROXY": "*"})
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()
                if line.startswith('"')]
    return run


def test_rattler_uploads_in_each_of_its_ways(server, account, rattler, tiny, anonymous):
    token, url = account("alice").token("rattler"), server.url
    paths = {name: str(tiny(f"by-{name}")) for name in ("quetz", "artifactory", "prefix", "anaconda")}
    second = str(tiny("by-anaconda", "2.0"))
    by_key, by_token = {"api_key": token}, {"token": token}

    def anaconda(path, **more):
        return ["anaconda", [[path], "alice"],
                {"channel": ["main"], "url": f"{url}/api", **by_key, **more}]
    said = rattler(
        ["quetz", [[paths["quetz"]], url, "alice"], by_key],
        ["artifactory", [[paths["artifactory"]], f"{url}/artifactory", "alice"], by_token],
        ["artifactory", [[paths["artifactory"]], f"{url}/conda", "alice/label/dev"], by_token],
        ["prefix", [[paths["prefix"]], url, "alice"], by_key],
        ["prefix", [[paths["prefix"]], url, "alice/label/dev"], {**by_key, "force": True}],
        anaconda(paths["anaconda"]), anaconda(second), anaconda(second, force=True))
    assert said == ["done"] * 8
    names = {f"by-{name}-1.0-0.conda" for name in paths} | {"by-anaconda-2.0-0.conda"}
    assert set(channel.listed(anonymous, "/conda/alice", "noarch")) == names
    assert set(channel.filenames(anonymous, "/conda/alice/label/dev", "noarch")) == {
        "by-artifactory-1.0-0.conda", "by-prefix-1.0-0.conda"}


def test_rattler_is_told_why_not(server, account, rattler, tiny, tmp_path):
    token, url = account("alice").token("why"), server.url
    account("bob")
    path, other = str(tiny("taken")), tiny("taken", build="0", depends=["x"])
    (tmp_path / "other").mkdir()
    moved = other.rename(tmp_path / "other" / other.name)
    path = str(tiny("taken"))
    prefix = ["prefix", [[path], url, "alice"], {"api_key": token}]
    said = rattler(
        prefix,
        ["prefix", [[str(moved)], url, "alice"], {"api_key": token}],
        ["prefix", [[str(moved)], url, "alice"], {"api_key": token, "skip_existing": True}],
        ["prefix", [[path], url, "bob"], {"api_key": token}],
        ["prefix", [[path], url, "alice"], {"api_key": "tr-" + "A" * 46}])
    assert said[0] == said[2] == "done"
    assert "exists already, with other content" in said[1]
    assert "HTTP 403" in said[3] and "may not publish or change" in said[3]
    assert "HTTP 401" in said[4] and "unknown, revoked or expired" in said[4]


def test_quetz_client_posts_a_file(server, account, tiny, tmp_path, anonymous):
    program = find_venv(".venv-uploaders") / "bin" / "quetz-client"
    env = {"HOME": str(tmp_path), "NO_PROXY": "*", "QUETZ_SERVER_URL": server.url,
           "QUETZ_API_KEY": account("carol").token("quetz")}
    path = tiny("posted")
    for words in (["carol", path], ["carol", path, "--force=True"]):
        done = subprocess.run([program, "post_file_to_channel", *map(str, words)], env=env,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert path.name in channel.listed(anonymous, "/conda/carol", "noarch")
    env["QUETZ_API_KEY"] = "wrong"
    done = subprocess.run([program, "post_file_to_channel", "carol", str(path)], env=env,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "401" in done.stderr
