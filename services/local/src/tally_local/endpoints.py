"""Where the running stack is reached: `.tally/endpoints.json`, for scripts and commands."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL

from tally_local.errors import UserError
from tally_local.ports import in_use

_NO_STACK = "no stack runs here; start one with `uv run poe up` (or `uv run poe demo --keep`)"


@dataclass(frozen=True)
class Endpoints:
    """The URLs of one stack, and where its tables are in BigQuery."""

    api: str
    function: str
    """Answers POST with the load of a day."""
    reconcile: str
    maintain: str
    bigquery: str
    postgres: str
    project: str
    dataset: str

    def write(self, path: Path) -> None:
        """Write them whole or not at all: a script never reads half a file."""
        draft = draft_of(path)
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)

    @classmethod
    def of_running_stack(cls, path: Path) -> "Endpoints":
        """Read what a running stack wrote.

        Raises:
            UserError: There is none, or it is what a killed stack left behind.
        """
        try:
            endpoints = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise UserError(_NO_STACK) from error
        functions = (endpoints.function, endpoints.reconcile, endpoints.maintain)
        urls = (endpoints.api, *functions, endpoints.bigquery, endpoints.postgres)
        if not all(in_use(_port(make_url(url))) for url in urls):
            raise UserError(_NO_STACK)
        return endpoints


def draft_of(path: Path) -> Path:
    """Return where the file is written before it takes its place."""
    return path.with_suffix(".new")


def _port(url: URL) -> int:
    return url.port or 0
