"""The command `tally`."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from alembic.util.exc import CommandError
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from orders import migrate as migrations
from orders.engine import database_engine
from orders.settings import DatabaseSettings
from orders_api import create_admin as admins
from tally_local import runner
from tally_local.demo import run as demo_run
from tally_local.demo.report import endpoints_table
from tally_local.endpoints import Endpoints
from tally_local.errors import NotReconciledError, UserError, database_reason
from tally_local.stack.services import Ports
from tally_local.stack.stack import running
from tally_local.state import State

_DIFFERENT, _USER, _INTERRUPTED = 1, 2, 130

app = typer.Typer(
    help="Tally on a laptop: the whole of it, without Docker or a cloud account.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Mode(StrEnum):
    """How far a day is loaded."""

    CLOSED = "closed"
    OPEN = "open"


ApiPort = Annotated[int, typer.Option(min=0, max=65535, help="Port of the API; 0: a free one.")]
BigQueryPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of BigQuery; 0: a free one.")
]
PostgresPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Port of Postgres; 0: a free one.")
]


@app.command()
def demo(
    *,
    orders: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Import this CSV or NDJSON file (.gz too) in place of the shop's orders."
            " Columns: customer_id, total_cents; optional region, status, currency,"
            " created_at (ISO 8601 with offset), metadata.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="What the shop sells: a seed always the same.")] = 1,
    days: Annotated[
        int, typer.Option(min=2, max=28, help="How many days the shop lives; the last stays open.")
    ] = 7,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")
    ] = False,
    api_port: ApiPort = 0,
    bigquery_port: BigQueryPort = 0,
    postgres_port: PostgresPort = 0,
) -> None:
    """Live through a shop's week, from HTTP orders to daily sales that equal Postgres."""
    ports = Ports(api=api_port, bigquery=bigquery_port, postgres=postgres_port)
    options = demo_run.Options(orders=orders, seed=seed, days=days, keep=keep, ports=ports)
    with _reported(stopped=0 if keep else _INTERRUPTED):
        demo_run.run(options, State(), Console())


@app.command()
def up(
    api_port: ApiPort = 8000,
    bigquery_port: BigQueryPort = 9050,
    postgres_port: PostgresPort = 0,
) -> None:
    """Run the whole stack until Ctrl-C; its data stays in .tally/up/."""
    ports = Ports(api=api_port, bigquery=bigquery_port, postgres=postgres_port)
    _run(ports, reload=False)


@app.command()
def dev(api_port: ApiPort = 8000, postgres_port: PostgresPort = 0) -> None:
    """Run the stack of `up`, with the API restarted whenever its code changes."""
    _run(Ports(api=api_port, postgres=postgres_port), reload=True)


@app.command()
def reset() -> None:
    """Remove all local state; refused while a stack runs."""
    with _reported():
        state = State()
        left = state.reset()
        kept = f"; left, for Tally did not make it: {', '.join(left)}" if left else ""
        _say(f"the state in {state.directory} is removed{kept}")


@app.command()
def load_day(
    day: Annotated[
        datetime | None,
        typer.Argument(formats=["%Y-%m-%d"], help="A UTC day; yesterday when left out."),
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="closed: a whole day that is over. open: the day so far.")
    ] = Mode.CLOSED,
) -> None:
    """Load a day into the running stack's BigQuery, publish it and check it."""
    with _reported():
        endpoints = Endpoints.of_running_stack(State().endpoints)
        load = runner.load_day(endpoints, day.date() if day else _yesterday(), mode.value)
        _say(f"{load.day} {load.state}: {load.row_count} changes published, all checks true")
        _say(f"receipt {load.receipt}")


@app.command()
def reconcile(
    days: Annotated[
        int, typer.Option(min=1, max=3650, help="How many days of changes to compare.")
    ] = 30,
) -> None:
    """Compare Postgres with what the running stack has published."""
    with _reported():
        endpoints = Endpoints.of_running_stack(State().endpoints)
        result = runner.reconcile(endpoints, days)
        _say(
            f"{result.days_checked} days, {result.loads_checked} loads: 0 differences",
        )


@app.command()
def maintain() -> None:
    """Do the nightly housekeeping of the running stack: expired rows, partitions, the stage."""
    with _reported():
        endpoints = Endpoints.of_running_stack(State().endpoints)
        for part, done in runner.maintain(endpoints).items():
            _say(f"{part}: {json.dumps(done)}")


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="The revision to upgrade to.")] = "head",
) -> None:
    """Bring the schema of DATABASE_URL, or else of the running stack, up to date."""
    with _reported(), database_engine(_database()) as engine:
        migrations.upgrade(engine, revision)
        _say(f"the schema is at {revision}")


@app.command()
def create_admin(
    email: Annotated[str, typer.Option(help="What the administrator logs in with.")],
) -> None:
    """Create an administrator of the API, in DATABASE_URL or else in the running stack.

    The password is asked for, or read from standard input or ADMIN_PASSWORD.
    """
    with _reported():
        raise typer.Exit(admins.main(["--email", email], _environment()))


def _database() -> DatabaseSettings:
    return DatabaseSettings.from_environment(_environment())


def _environment() -> Mapping[str, str]:
    """Return the environment, in which the running stack's database stands if there is no other."""
    if "DATABASE_URL" in os.environ or "INSTANCE_CONNECTION_NAME" in os.environ:
        return os.environ
    endpoints = Endpoints.of_running_stack(State().endpoints)
    return {**os.environ, "DATABASE_URL": endpoints.postgres}


def _run(ports: Ports, *, reload: bool) -> None:
    console = Console()
    with (
        _reported(stopped=0),
        console.status("starting") as status,
        running(State(), "up", ports, reload=reload) as stack,
    ):
        status.stop()
        console.print(endpoints_table(stack.endpoints))
        stack.watch()


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


@contextmanager
def _reported(stopped: int = _INTERRUPTED) -> Iterator[None]:
    """Turn what went wrong into a message and an exit code."""
    try:
        yield
    except UserError as error:
        _fail(str(error), _USER)
    except NotReconciledError as error:
        lines = [f"not reconciled: {len(error.differences)} differences", *error.differences]
        _fail("\n  ".join(lines), _DIFFERENT)
    except SQLAlchemyError as error:
        _fail(f"Postgres: {database_reason(error)}", _USER)
    except CommandError as error:
        _fail(f"the schema cannot be migrated: {error}", _USER)
    except ValidationError as error:
        _fail(f"the environment's settings are wrong: {error}", _USER)
    except BrokenPipeError:
        # Who reads our output has gone; nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_DIFFERENT) from None
    except KeyboardInterrupt:
        raise typer.Exit(stopped) from None


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"tally: {message}\n")
    raise typer.Exit(code)
