"""Importing orders: received and checked first, then written in one short transaction."""

from typing import Any, Final, Literal

from sqlalchemy import text

from orders.problems import Unprocessable
from orders_api.clients.database import Database, copy_in
from orders_api.services.imports.csv_records import CsvReader
from orders_api.services.imports.gzip_blocks import Gunzip, Identity
from orders_api.services.imports.intake import Intake, Rules, copy_text
from orders_api.services.imports.ndjson import NdjsonReader
from orders_api.services.order_writes import Caller

Format = Literal["ndjson", "csv"]

_COPY: Final = """
    COPY orders (customer_id, total_cents, currency, region, status, metadata, created_at,
        changed_by, trace_id) FROM STDIN"""


def begin(
    database: Database, form: Format, caller: Caller, *, gzip: bool, max_bytes: int
) -> Intake:
    """Return what takes the body of an import; the caller feeds it, closes it and leaves it.

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
    )


def finish(database: Database, intake: Intake, *, skip_bad: bool) -> dict[str, Any]:
    """Write the good lines of a whole body in one transaction and return what was done.

    Raises:
        Unprocessable: Lines are bad and `skip_bad` is not set; nothing was written.
        Problem: The body cannot be read, or Postgres is away; nothing was written.
    """
    intake.close()
    report = intake.report
    if report.bad and not skip_bad:
        raise Unprocessable(
            f"{report.bad} of {report.bad + report.good} lines are bad; nothing was imported.",
            slug="import-refused",
            bad_lines=report.bad,
            **report.members(),
        )
    if report.good:
        with database.transaction() as connection:
            copy_in(connection, _COPY, intake.rows())
    return {"imported": report.good, "skipped": report.bad, **report.members()}
