"""The WebAssembly build of rattler in Node reads our shards."""
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from support import packages

FOLDER = Path(__file__).with_name("node")
pytestmark = [
    pytest.mark.skipif(not shutil.which("node"), reason="node is not installed"),
    pytest.mark.skipif(not (FOLDER / "node_modules" / "@conda-org" / "rattler").is_dir(),
                       reason="@conda-org/rattler is not installed (npm ci in test/client/node)")]


def solve(url, *specs):
    return subprocess.run(["node", "solve.cjs", url, *specs], cwd=FOLDER, capture_output=True,
                          text=True, timeout=120)


def test_shards_are_read_in_node(server, publish_all, tmp_path):
    publish_all("made", [
        packages.make_tiny(tmp_path, "base", extension=".tar.bz2"),
        packages.make_tiny(tmp_path, "lib", "2.0", depends=["base >=1.0"]),
        packages.make_tiny(tmp_path, "native", subdir="linux-64", noarch=None)])
    done = solve(f"{server.url}/conda/made", "lib", "native")
    assert done.returncode == 0, done.stderr
    found = {it["name"]: it for it in json.loads(done.stdout)}
    assert set(found) == {"base", "lib", "native"}
    assert found["lib"]["version"] == "2.0"
    assert found["lib"]["url"] == f"{server.url}/conda/made/noarch/lib-2.0-0.conda"
    log = server.log()
    assert "repodata_shards.msgpack.zst" in log
    assert "method=GET path=/conda/made/noarch/repodata.json " not in log, "shards were not enough"


def test_a_missing_package_is_told_in_node(server, account):
    account("empty")
    done = solve(f"{server.url}/conda/empty", "nothing")
    assert done.returncode == 1 and "nothing" in done.stderr
