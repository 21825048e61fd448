"""Anaconda projects, by the code that anaconda-client 1.13 has for them. (Its command needs the package
anaconda-project, which brings a conda of its own; it calls the same.)"""
import json
import subprocess

import pytest

from support.venvs import find_venv

pytestmark = pytest.mark.once    # what stores have to do with it, test/api shows on each of them

UPLOAD = """
import json, sys
from binstar_client.utils.projects.models import CondaProject, PFile
from binstar_client.utils.projects.uploader import ProjectUploader
token, domain, username, folder, name, summary = sys.argv[1:]
project = CondaProject(folder, summary=summary)
project._name = name
for file in ("anaconda-project.yml", "plot.py"):
    project.pfiles.append(PFile(fullpath=f"{folder}/{file}", relativepath=file))
project.tar_it()
uploader = ProjectUploader(token, domain=domain, username=username, project=project)
print(json.dumps([uploader.upload(), uploader.projects().json()]))
"""


def test_a_project_is_uploaded_and_uploaded_again(server, account, tmp_path, anonymous):
    alice = account("alice")
    (tmp_path / "anaconda-project.yml").write_text("name: fit\n")
    (tmp_path / "plot.py").write_text("print('plot')\n")
    made = []
    for _ in range(2):
        done = subprocess.run(
            [find_venv(".venv-anaconda-client-1.13.0") / "bin" / "python", "-c", UPLOAD,
             alice.token("project"), server.url + "/api", "alice", str(tmp_path), "fit", "Fits curves"],
            capture_output=True, text=True, timeout=60,
            env={"HOME": str(tmp_path), "NO_PROXY": "*", "BINSTAR_CONFIG_DIR": str(tmp_path)})
        assert done.returncode == 0, done.stderr
        made.append(json.loads(done.stdout.splitlines()[-1]))
        (tmp_path / "plot.py").write_text("print('another plot')\n")
    (first, listed), (second, again) = made
    assert [it["full_name"] for it in listed] == [it["full_name"] for it in again] == ["alice/fit"]
    assert first["type"] == second["type"] == "project" and first["basename"] == "fit.tar"
    assert second["version"] > first["version"]
    assert anonymous.get("/api/package/alice/fit").expect(200).json()["summary"] == "Fits curves"
    for file in (first, second):
        body = anonymous.get(file["url"].removeprefix(server.url)).expect(200).body
        assert len(body) == file["size"] and b"anaconda-project.yml" in body
