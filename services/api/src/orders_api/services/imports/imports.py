"""Importing orders: received and checked first, then written in one short transaction."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from sqlalchemy import text

from orders.problems import Unprocessable
from orders_api.clients.database import Database, copy_in
from orders_api.schemas.caller import Caller
from orders_api.schemas.import_result import ImportResult
from orders_api.schemas.order import ImportedOrder
from orders_api.services import idempotency
from orders_api.services.idempotency import IdempotencyKey
from orders_api.services.imports.csv_records import CsvReader
from orders_api.services.imports.gzip_blocks import Gunzip, Identity
from orders_api.services.imports.intake import Intake, Rules, copy_text
from orders_api.services.imports.ndjson import NdjsonReader
from orders_api.services.imports.report import Report

Format = Literal["ndjson", "csv"]

_TAKE_YOUR_TIME: Final = "SET LOCAL statement_timeout = '10min'"
_COPY: Final = """
    COPY orders (customer_id, total_cents, currency, region, status, metadata, created_at,
        changed_by, trace_id) FROM STDIN"""


class Imported(NamedTuple):
    """What an import did, as JSON: now, or when it was first sent with its key."""

    answer: str
    replayed: bool


def begin(
    database: Database,
    form: Format,
    caller: Caller,
    *,
    gzip: bool,
    max_bytes: int,
    note: Callable[[ImportedOrder], None],
) -> Intake:
    """Return what takes the body of an import; the caller feeds it, closes it and leaves it.

    Args:
        database: The orders' database.
        form: How lines are written.
        caller: Who imports.
        gzip: Whether the body is compressed.
        max_bytes: The most bytes of it, as sent and decoded.
        note: Is told of every good line.

    An order without created_at gets the time of this call.

    Raises:
        Unavailable: The database is away.
    """
    with database.transaction() as connection:
        now = connection.execute(text("SELECT tally_now()")).scalar_one()
        currencies = frozenset(connection.execute(text("SELECT code FROM currencies")).scalars())
    attribution = f"{copy_text(caller.name)}\t{copy_text(caller.trace_id)}"
    return Intake(
        Gunzip() if gzip else Identity(),
        CsvReader() if form == "csv" else NdjsonReader(),
        Rules(now, currencies),
        attribution,
        max_bytes,
        note=note,
    )


def finish(
    database: Database,
    intake: Intake,
    *,
    skip_bad: bool,
    key: IdempotencyKey | None,
    committed: Callable[[], None],
) -> Imported:
    """Write the good lines of a whole body in one transaction and return what was done.

    Args:
        database: The orders' database.
        intake: What has taken the body.
        skip_bad: Whether good lines are written though others are bad.
        key: What the request is known by.
        committed: Is called when they are written, not if they were by an earlier request.

    Raises:
        Conflict: A request with this key runs at this moment; nothing was written.
        Unprocessable: Lines are bad and `skip_bad` is not set, or the key was used for another
            request; nothing was written.
        Problem: The body cannot be read, or Postgres is away; nothing was written, unless the
            detail says that the outcome is not known.
    """
    intake.close()
    with database.transaction(keyed=key is not None) as connection:
        earlier = idempotency.claim(connection, key) if key else None
        if earlier is not None:
            return Imported(earlier, replayed=True)
        if intake.report.bad and not skip_bad:
            raise _refused(intake.report)
        if intake.report.good:
            connection.execute(text(_TAKE_YOUR_TIME))
            copy_in(connection, _COPY, intake.rows())
        answer = _result(intake.report)
        if key:
            idempotency.keep(connection, key, answer)
    committed()
    return Imported(answer, replayed=False)


def _result(report: Report) -> str:
    members = {"imported": report.good, "skipped": report.bad, **report.members()}
    return ImportResult.model_validate(members).model_dump_json()


def _refused(report: Report) -> Unprocessable:
    return Unprocessable(
        f"{report.bad} of {report.bad + report.good} lines are bad; nothing was imported.",
        slug="import-refused",
        bad_lines=report.bad,
        **report.members(),
    )
