"""The state directory `.tally/`: what a stack keeps, and the lock that lets only one run."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tally_local.endpoints import draft_of
from tally_local.errors import UserError
from tally_local.lock import LockedError, locked

PARTS = ("up", "demo", "airflow")
"""The names of the stacks' data, and of the Airflow beside them."""
MARKER = ".made-by-tally"
"""A file in every directory that we made and may remove."""

_LOCK = "lock"
_CHECKOUT = Path("functions", "load_orders", "main.py")


def project_root() -> Path:
    """Return the checkout that this package was installed from.

    Raises:
        UserError: The package was installed without its checkout.
    """
    root = Path(__file__).resolve().parents[4]
    if not (root / _CHECKOUT).is_file():
        raise UserError(f"{root} is not a checkout of Tally: {_CHECKOUT} is not there")
    return root


class State:
    """The directory of all local state: `TALLY_STATE_DIR`, else `.tally/` in the checkout.

    It and each part of it carry a marker from when they were made: nothing else is ever removed.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        named = environ.get("TALLY_STATE_DIR")
        self.directory = Path(named).resolve() if named else project_root() / ".tally"
        self.endpoints = self.directory / "endpoints.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory: one stack at a time. The lock goes with the process, even killed.

        Raises:
            UserError: Another stack runs in it, it is not ours, or it cannot be written.
        """
        with contextlib.ExitStack() as lock:
            try:
                _claim(self.directory)
                lock.enter_context(locked(self.directory / _LOCK))
            except LockedError as error:
                message = f"a stack runs already in {self.directory}; stop it first"
                raise UserError(message) from error
            except OSError as error:
                raise UserError(f"cannot write to {self.directory}: {error.strerror}") from error
            yield

    def part(self, name: str, *, fresh: bool) -> Path:
        """Return the directory of one of `PARTS`, made when missing, and empty when `fresh`.

        Raises:
            UserError: It is not ours, or cannot be made or emptied.
        """
        directory = self.directory / name
        try:
            _claim(directory)
            if fresh:
                _remove(directory)
                _claim(directory)
            (directory / "logs").mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make {directory} anew: {error}") from error
        return directory

    def reset(self) -> list[str]:
        """Remove all state, then the directory; return the names in it that are not ours.

        Raises:
            UserError: A stack runs, the directory is not ours, or something cannot be removed.
        """
        if not self.directory.exists():
            return []
        if not _ours(self.directory):
            raise UserError(f"{_not_ours(self.directory)}; nothing is removed")
        try:
            with self.held():
                for part in filter(_ours, (self.directory / name for name in PARTS)):
                    _remove(part)
                self.endpoints.unlink(missing_ok=True)
                draft_of(self.endpoints).unlink(missing_ok=True)
            if left := _strangers(self.directory):
                return left
            (self.directory / _LOCK).unlink()
            (self.directory / MARKER).unlink()
            self.directory.rmdir()
        except OSError as error:
            raise UserError(f"cannot remove {self.directory}: {error}") from error
        return []


def _ours(directory: Path) -> bool:
    return (directory / MARKER).is_file()


def _claim(directory: Path) -> None:
    """Make a directory and mark it as ours.

    Raises:
        UserError: It has been there without our marker, and holds something.
        OSError: It cannot be made or written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if not _ours(directory):
        if _strangers(directory):
            raise UserError(f"{_not_ours(directory)}; name an empty directory, or a new one")
        (directory / MARKER).touch()


def _strangers(directory: Path) -> list[str]:
    """Return the names in a directory other than the marker and the lock."""
    return sorted({each.name for each in directory.iterdir()} - {MARKER, _LOCK})


def _not_ours(directory: Path) -> str:
    return f"{directory} was not made by Tally: it holds no {MARKER}"


def _remove(directory: Path) -> None:
    """Remove a directory of ours, its marker last: when we are killed halfway it stays ours."""
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARKER:
            path.unlink()
    (directory / MARKER).unlink()
    directory.rmdir()
