"""What has expired is deleted, whatever else goes on; what has not stays."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from load_orders.expired import BATCH, Table, delete_expired

TABLES: list[Table] = ["idempotency_keys", "refresh_tokens"]
LONG = 600
ROWS = {
    "idempotency_keys": """
        INSERT INTO idempotency_keys (caller, key, fingerprint, answer, expires_at)
        SELECT 'alice', :prefix || n, '', '{}', tally_now() + CAST(:rest AS interval)
        FROM generate_series(1, :count) AS n""",
    "refresh_tokens": """
        INSERT INTO refresh_tokens (token_hash, family, user_id, scopes, expires_at)
        SELECT sha256(CAST(:prefix || n AS bytea)), gen_random_uuid(), users.id, '{}',
            tally_now() + CAST(:rest AS interval)
        FROM generate_series(1, :count) AS n, users""",
}


@pytest.fixture(autouse=True)
def user(engine: Engine) -> None:
    with engine.begin() as connection:
        users = "INSERT INTO users (email, password_hash, role) VALUES ('a@b.c', 'x', 'clerk')"
        connection.execute(text(users))


@pytest.fixture
def request_(engine: Engine) -> Iterator[Connection]:
    """The transaction of a request that goes on."""
    with engine.connect() as connection:
        yield connection


def keep(engine: Engine, table: Table, count: int, rest: str) -> None:
    with engine.begin() as connection:
        values = {"count": count, "rest": rest, "prefix": rest}
        connection.execute(text(ROWS[table]), values)


def left(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.mark.parametrize("table", TABLES)
def test_what_has_expired_goes_and_what_has_not_stays(engine: Engine, table: Table) -> None:
    keep(engine, table, 3, "-1 second")
    keep(engine, table, 2, "1 hour")
    assert delete_expired(engine, table, LONG) == {"deleted": 3, "more": False}
    assert left(engine, table) == 2
    assert delete_expired(engine, table, LONG) == {"deleted": 0, "more": False}


@pytest.mark.parametrize("table", TABLES)
def test_a_run_is_bounded_and_the_next_one_goes_on(engine: Engine, table: Table) -> None:
    keep(engine, table, 10_000, "-1 hour")
    assert delete_expired(engine, table, 0) == {"deleted": BATCH, "more": True}
    assert left(engine, table) == 10_000 - BATCH
    assert delete_expired(engine, table, LONG) == {"deleted": 10_000 - BATCH, "more": False}


@pytest.mark.parametrize("table", TABLES)
def test_the_oldest_go_first(engine: Engine, table: Table) -> None:
    keep(engine, table, BATCH, "-1 hour")
    keep(engine, table, BATCH, "-2 hours")
    delete_expired(engine, table, 0)
    with engine.connect() as connection:
        oldest = f"SELECT min(expires_at) > tally_now() - interval '90 minutes' FROM {table}"
        assert connection.scalar(text(oldest))


@pytest.mark.parametrize("table", TABLES)
def test_rows_that_a_request_holds_are_left_for_the_next_run(
    engine: Engine, request_: Connection, table: Table
) -> None:
    keep(engine, table, 3, "-1 hour")
    request_.execute(text(f"SELECT 1 FROM {table} LIMIT 1 FOR UPDATE"))
    assert delete_expired(engine, table, LONG) == {"deleted": 2, "more": False}
    request_.rollback()
    assert delete_expired(engine, table, LONG) == {"deleted": 1, "more": False}


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_is_prolonged_meanwhile_stays(
    engine: Engine, request_: Connection, table: Table
) -> None:
    keep(engine, table, 1, "-1 hour")
    request_.execute(text(f"UPDATE {table} SET expires_at = tally_now() + interval '1 hour'"))
    assert delete_expired(engine, table, LONG) == {"deleted": 0, "more": False}
    request_.commit()
    assert delete_expired(engine, table, LONG) == {"deleted": 0, "more": False}
    assert left(engine, table) == 1


@pytest.mark.parametrize("table", TABLES)
def test_the_oldest_are_found_by_their_index(request_: Connection, table: Table) -> None:
    request_.execute(text("SET LOCAL enable_seqscan = off"))
    source = text("SELECT prosrc FROM pg_proc WHERE proname = :name")
    statement = request_.execute(source, {"name": f"delete_expired_{table}"}).scalar_one()
    plan = request_.execute(text("EXPLAIN " + statement.replace("LIMIT most", "LIMIT 10")))
    lines = [line.strip(" ->") for line in plan.scalars()]
    [at] = [n for n, line in enumerate(lines) if line.startswith("Index Scan")]
    assert f"using {table}_by_expiry" in lines[at]
    assert lines[at + 1].startswith("Index Cond: (expires_at <=")
