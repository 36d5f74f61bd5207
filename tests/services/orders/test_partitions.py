"""Partitions of the change log, made ahead: of the right time, and guarded as the default one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from orders.migrate import downgrade, upgrade
from tally_testing.partitions import (
    MONTH,
    NOW,
    PARTITION,
    change,
    fences,
    made,
    make,
    partitions,
    set_clock,
)


@pytest.fixture
def clock(engine: Engine) -> None:
    set_clock(engine, NOW)


@pytest.fixture
def other(engine: Engine) -> Iterator[Connection]:
    """Somebody else's connection."""
    with engine.connect() as connection:
        yield connection


def without_partitions(engine: Engine) -> None:
    """Bring the database to where it was before there were any but the default one."""
    downgrade(engine, "0010")
    with engine.begin() as connection:
        for name in partitions(engine) - {"order_changes_default"}:
            connection.execute(text(f"DROP TABLE {name}"))


def test_a_new_database_has_this_month_and_the_next_three(engine: Engine) -> None:
    named = partitions(engine) - {"order_changes_default"}
    first, *_, last = sorted(
        date.fromisoformat(f"{name[14:].replace('_', '-')}-01") for name in named
    )
    assert len(named) == 4
    assert (last.year - first.year) * 12 + last.month - first.month == 3
    # Unless a month has begun since the database was made.
    assert change(engine) in named


@pytest.mark.usefixtures("clock")
def test_a_database_that_has_changes_keeps_them_where_they_are(engine: Engine) -> None:
    without_partitions(engine)
    assert change(engine) == "order_changes_default"
    # Nobody waits for a migration that looks through all of them: housekeeping does it.
    upgrade(engine)
    assert partitions(engine) == {"order_changes_default"}
    assert fences(engine) == {}
    assert change(engine) == "order_changes_default"


def test_going_down_keeps_the_partitions_and_their_changes(engine: Engine) -> None:
    before, partition = partitions(engine), change(engine)
    downgrade(engine, "0010")
    assert partitions(engine) == before
    assert change(engine) == partition
    upgrade(engine)
    assert partitions(engine) == before


@pytest.mark.usefixtures("clock")
def test_changes_go_into_the_partition_of_their_month_in_utc(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL TIME ZONE 'Pacific/Kiritimati'"))
        assert make(connection) == "made"
    assert made(engine) == "there"
    for instant, partition in {
        datetime(2041, 11, 30, 23, 50, tzinfo=UTC): "order_changes_default",
        datetime(2041, 12, 1, tzinfo=UTC): PARTITION,
        datetime(2041, 12, 31, 23, 50, tzinfo=UTC): PARTITION,
        datetime(2042, 1, 1, tzinfo=UTC): "order_changes_default",
    }.items():
        set_clock(engine, instant)
        assert change(engine) == partition


FACTS = """
    SELECT 'trigger', tgname, tgenabled, tgtype, tgfoid FROM pg_trigger WHERE tgrelid = {table};
    SELECT contype, conkey, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = {table};
    SELECT 'index', indisprimary, indkey::text, relam, indisvalid
        FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = {table};
    SELECT attname, atttypid, attnotnull FROM pg_attribute WHERE attrelid = {table} AND attnum > 0;
    SELECT relowner, relacl, relkind FROM pg_class WHERE oid = {table}"""


@pytest.mark.usefixtures("clock")
def test_a_partition_is_made_like_the_default_one(engine: Engine) -> None:
    assert made(engine) == "made"
    with engine.connect() as connection:
        for fact in FACTS.split(";"):
            there, here = (
                sorted(map(str, connection.execute(text(fact.format(table=f"'{name}'::regclass")))))
                for name in ("order_changes_default", PARTITION)
            )
            assert here == there
            assert here


@pytest.mark.parametrize("mode", ["origin", "replica"])
@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT INTO {PARTITION} SELECT * FROM {PARTITION}",
        f"UPDATE {PARTITION} SET total_cents = 0",
        f"DELETE FROM {PARTITION}",
        f"TRUNCATE {PARTITION}",
    ],
)
@pytest.mark.usefixtures("clock")
def test_not_even_its_owner_changes_a_partition(
    engine: Engine, other: Connection, statement: str, mode: str
) -> None:
    assert made(engine) == "made"
    set_clock(engine, datetime(2041, 12, 1, tzinfo=UTC))
    assert change(engine) == PARTITION
    other.execute(text(f"SET LOCAL session_replication_role = {mode}"))
    with pytest.raises(DBAPIError, match="is refused"):
        other.execute(text(statement))


@pytest.mark.parametrize("role", ["tally_api", "tally_loader"])
@pytest.mark.usefixtures("clock")
def test_no_role_reaches_a_partition_but_through_the_log(
    engine: Engine, other: Connection, role: str
) -> None:
    assert made(engine) == "made"
    rights = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"
    query = text("SELECT has_table_privilege(:role, :name, :rights)")
    assert not other.scalar(query, {"role": role, "name": PARTITION, "rights": rights})


@pytest.mark.usefixtures("clock")
def test_the_loader_makes_partitions_and_nothing_else(other: Connection) -> None:
    other.execute(text("SET LOCAL ROLE tally_loader"))
    assert make(other) == "made"
    for statement in ("CREATE TABLE public.mine ()", f"DROP TABLE {PARTITION}"):
        with (
            pytest.raises(DBAPIError, match=r"permission denied|must be owner"),
            other.begin_nested(),
        ):
            other.execute(text(statement))
    other.execute(text("SET LOCAL ROLE tally_api"))
    with pytest.raises(DBAPIError, match="permission denied"):
        make(other, date(2042, 1, 1))


@pytest.mark.usefixtures("clock")
def test_objects_of_the_callers_do_not_stand_in_for_those_of_the_log(other: Connection) -> None:
    other.execute(text("CREATE TEMP TABLE order_changes (LIKE public.order_changes)"))
    other.execute(text("SET LOCAL search_path = pg_temp"))
    assert other.scalar(text(f"SELECT public.make_order_changes_partition('{MONTH}')")) == "made"
    assert other.scalar(text(f"SELECT to_regclass('public.{PARTITION}') IS NOT NULL"))


@pytest.mark.parametrize(
    "month", [None, "2041-12-02", "2041-10-01", "2043-12-01", "infinity", "0001-01-01 BC"]
)
@pytest.mark.usefixtures("clock")
def test_a_month_that_nobody_needs_is_refused(engine: Engine, month: str | None) -> None:
    before = partitions(engine)
    with pytest.raises(DBAPIError, match="is not the first of this month"):
        made(engine, month)
    assert partitions(engine) == before
    assert made(engine, "2043-11-01") == "made"


@pytest.mark.usefixtures("clock")
def test_this_month_is_made_too_where_it_has_no_changes_yet(engine: Engine) -> None:
    assert made(engine, date(2041, 11, 1)) == "made"
    assert change(engine) == "order_changes_2041_11"


@pytest.mark.usefixtures("clock")
def test_another_table_of_its_name_or_partition_of_its_time_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {PARTITION} (mine integer)"))
        connection.execute(
            text(
                "CREATE TABLE by_hand PARTITION OF order_changes"
                " FOR VALUES FROM ('2042-01-10 00:00Z') TO ('2042-01-20 00:00Z')"
            )
        )
    assert (made(engine), made(engine, date(2042, 1, 1))) == ("taken", "taken")
    assert partitions(engine) & {PARTITION, "order_changes_2042_01"} == set()
