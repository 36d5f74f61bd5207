"""Deleting what has expired, beside requests that go on."""

import time
from typing import Any, Final, Literal

from sqlalchemy import Engine, text

BATCH: Final = 1_000
"""Rows of one transaction: so many locks are held, and briefly."""

Table = Literal["idempotency_keys", "refresh_tokens"]


def delete_expired(engine: Engine, table: Table, budget_s: float) -> dict[str, Any]:
    """Delete the expired rows of a table, the oldest first, batch by batch.

    Rows that a request holds are left for the next run. Each batch is committed for itself.

    Args:
        engine: As a role that may execute `delete_expired_<table>`.
        table: Which.
        budget_s: No batch begins after so many seconds; the first one always does.

    Returns:
        `{"deleted", "more"}`: how many, and whether the budget ended before the rows did.

    Raises:
        sqlalchemy.exc.DBAPIError: Postgres failed; the batches before stay deleted.
    """
    deadline = time.monotonic() + budget_s
    statement = text(f"SELECT delete_expired_{table}(:most)")
    deleted = 0
    while True:
        with engine.begin() as connection:
            batch = int(connection.execute(statement, {"most": BATCH}).scalar_one())
        deleted += batch
        if batch < BATCH or time.monotonic() >= deadline:
            return {"deleted": deleted, "more": batch == BATCH}
