"""The state directory `.tally/`: what a stack keeps, and the lock that lets only one run."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tally_local.errors import UserError
from tally_local.lock import LockedError, locked

_MARKER = Path("functions", "load_orders", "main.py")


def project_root() -> Path:
    """Return the checkout that this package was installed from.

    Raises:
        UserError: The package was installed without its checkout.
    """
    root = Path(__file__).resolve().parents[4]
    if not (root / _MARKER).is_file():
        raise UserError(f"{root} is not a checkout of Tally: {_MARKER} is not there")
    return root


class State:
    """The directory of all local state: `TALLY_STATE_DIR`, else `.tally/` in the checkout."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        named = environ.get("TALLY_STATE_DIR")
        self.directory = Path(named).resolve() if named else project_root() / ".tally"
        self.endpoints = self.directory / "endpoints.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory: one stack at a time. The lock goes with the process, even killed.

        Raises:
            UserError: Another stack runs in it, or the directory cannot be written.
        """
        with contextlib.ExitStack() as lock:
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
                lock.enter_context(locked(self.directory / "lock"))
            except LockedError as error:
                message = f"a stack runs already in {self.directory}; stop it first"
                raise UserError(message) from error
            except OSError as error:
                raise UserError(f"cannot write to {self.directory}: {error.strerror}") from error
            yield

    def reset(self) -> None:
        """Remove all state.

        Raises:
            UserError: A stack runs, or something in it cannot be removed.
        """
        if not self.directory.exists():
            return
        with self.held():
            pass
        self.remove()

    def remove(self, part: str = "") -> None:
        """Remove a part of the state, or all of it.

        Raises:
            UserError: Something in it cannot be removed.
        """
        directory = self.directory / part
        try:
            if directory.exists():
                shutil.rmtree(directory)
        except OSError as error:
            raise UserError(f"cannot remove {directory}: {error}") from error
