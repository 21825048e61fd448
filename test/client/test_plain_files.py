"""Files of no particular kind, by anaconda-client."""
import pytest

from support.anaconda import Anaconda, versions
from support.venvs import find_venv

pytestmark = pytest.mark.once    # what stores have to do with it, test/api shows on each of them


@pytest.mark.parametrize("version", versions()[1::2])
def test_a_file_is_uploaded_and_downloaded(server, account, tmp_path, anonymous, version):
    user = account("u" + version.replace(".", "-"))
    anaconda = Anaconda(find_venv(f".venv-anaconda-client-{version}"), version, tmp_path / "home",
                        server.url + "/api")
    anaconda.login(user, stdin="y\n").ok()
    path = anaconda.home / "Numbers (1).csv"
    path.write_bytes(b"1,2\n")
    words = ["-t", "file", "-p", "numbers", "-v", "2026.1"]
    anaconda("upload", *words, "-s", "Measured values", path).ok()
    package = anonymous.get(f"/api/package/{user.login}/numbers").expect(200).json()
    assert package["summary"] == "Measured values" and package["package_types"] == ["file"]
    said = anaconda("upload", *words, path)
    assert said.code == 1
    said.says("already exists|Conflict")
    path.unlink()
    anaconda("download", f"{user.login}/numbers").ok()
    assert path.read_bytes() == b"1,2\n"
