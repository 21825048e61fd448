"""Where the real clients are installed: TERRARIUM_VENVS, or the folder of the project."""
import os
from pathlib import Path

import pytest

from support.server import ROOT


def find_venv(name):
    """name: ".venv-anaconda-client-1.14.1"."""
    folder = Path(os.environ.get("TERRARIUM_VENVS", ROOT)) / name
    if not (folder / "bin" / "python").exists():
        pytest.skip(f"{name} is not installed")
    return folder
