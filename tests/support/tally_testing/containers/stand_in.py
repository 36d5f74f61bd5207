"""The base image, and what takes its place where no registry of images is reached."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tally_testing.containers.engine import Engine

_WANTED: Final = "python:3.13-slim"
_STAND_IN: Final = "localhost/tally-python-stand-in:trixie"
_TRUSTED: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_PULL_S: Final = 60


def python_image(engine: Engine) -> str:
    """Return the base image: PYTHON_IMAGE, else the Dockerfiles' own, else a stand-in for it.

    The stand-in is Debian trixie with its Python 3.13, made by debootstrap, which takes a minute
    the first time. It trusts what this machine trusts.
    """
    if named := os.environ.get("PYTHON_IMAGE"):
        return named
    if engine.has(_STAND_IN):
        return _STAND_IN
    if engine.has(_WANTED) or _pulled(engine):
        return _WANTED
    if shutil.which("debootstrap") is None:
        raise RuntimeError(f"{_WANTED} cannot be pulled, and debootstrap is not here to stand in")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        root = Path(directory, "root")
        packages = "--include=ca-certificates,python3,python3-venv"
        bootstrap = ["debootstrap", "--variant=minbase", packages, "trixie", str(root)]
        subprocess.run(bootstrap, check=True, capture_output=True, timeout=280)
        for caches in ("var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(root / caches)
        shutil.copy(_TRUSTED, root / "etc/ssl/certs/ca-certificates.crt")
        archive = Path(directory, "root.tar")
        subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True)
        engine("import", str(archive), _STAND_IN)
    return _STAND_IN


def _pulled(engine: Engine) -> bool:
    try:
        engine("pull", _WANTED, timeout_s=_PULL_S)
    except (RuntimeError, subprocess.TimeoutExpired):
        return False
    return True
