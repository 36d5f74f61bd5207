"""The change log: complete, attributed, append-only."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

INSERT = "INSERT INTO orders (customer_id, total_cents, region) VALUES (42, 1999, 'us-west')"

REPLACE_CLOCK = (
    "CREATE OR REPLACE FUNCTION tally_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'"
)
FORGE = (
    "INSERT INTO order_changes SELECT 10^9, op, changed_at, db_user, order_id, version,"
    " customer_id, total_cents, currency, region, status, metadata, created_at, updated_at,"
    " changed_by FROM order_changes"
)


def one(connection: Connection, query: str, **values: object) -> tuple[object, ...]:
    return tuple(connection.execute(text(query), values).one())


def rows(connection: Connection, query: str, **values: object) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(query), values)]


def new_order(connection: Connection) -> int:
    return int(connection.scalar(text(f"{INSERT} RETURNING id")))


def refusal(connection: Connection, statement: str) -> str:
    with pytest.raises(DBAPIError) as caught, connection.begin_nested():
        connection.execute(text(statement))
    return str(caught.value.orig)


def test_an_insert_an_update_and_a_delete_are_each_logged_with_the_row_after_them(
    connection: Connection,
) -> None:
    order = new_order(connection)
    connection.execute(text("UPDATE orders SET status = 'paid' WHERE id = :id"), {"id": order})
    connection.execute(text("DELETE FROM orders WHERE id = :id"), {"id": order})
    logged = rows(
        connection,
        "SELECT op, version, status, total_cents FROM order_changes"
        " WHERE order_id = :id ORDER BY change_id",
        id=order,
    )
    assert logged == [
        ("I", 1, "pending", 1999),
        ("U", 2, "paid", 1999),
        ("D", 3, "paid", 1999),
    ]


def test_a_statement_over_many_orders_logs_each_of_them_once(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO orders (customer_id, total_cents, region)"
            " SELECT g, g, 'eu' FROM generate_series(1, 500) AS g"
        )
    )
    connection.execute(text("UPDATE orders SET region = 'us' WHERE region = 'eu'"))
    counts = rows(connection, "SELECT op, count(*) FROM order_changes GROUP BY op ORDER BY op")
    assert counts == [("I", 500), ("U", 500)]


def test_an_id_cannot_be_chosen_so_a_deleted_order_never_comes_back(
    connection: Connection,
) -> None:
    order = new_order(connection)
    connection.execute(text("DELETE FROM orders WHERE id = :id"), {"id": order})
    for chosen in (order, order + 1000):
        again = f"INSERT INTO orders (id, customer_id, total_cents) VALUES ({chosen}, 1, 1)"
        assert "cannot be chosen" in refusal(connection, again)


def test_many_rows_of_one_statement_draw_their_ids(connection: Connection) -> None:
    connection.execute(text("INSERT INTO orders (customer_id, total_cents) VALUES (1, 1), (2, 2)"))
    connection.execute(
        text(
            "INSERT INTO orders (customer_id, total_cents)"
            " SELECT c, c FROM unnest(ARRAY[5, 4, 3]) AS c ORDER BY c RETURNING id"
        )
    )
    assert one(connection, "SELECT count(*), count(DISTINCT id) FROM orders") == (5, 5)


def test_nobody_can_write_the_log_through_a_table_of_their_own(connection: Connection) -> None:
    connection.execute(text("CREATE TEMP TABLE fake (LIKE public.orders)"))
    connection.execute(
        text(
            "CREATE TRIGGER forge AFTER INSERT ON fake REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION log_order_changes()"
        )
    )
    forged = "INSERT INTO fake SELECT 1, 1, 1, 'USD', 'eu', 'paid', 1, '{}', now(), now(), 'x', ''"
    assert "of orders only" in refusal(connection, forged)
    connection.execute(text("SET LOCAL ROLE tally_api"))
    connection.execute(text("CREATE TEMP TABLE mine (LIKE public.orders)"))
    attach = (
        "CREATE TRIGGER forge AFTER INSERT ON mine REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION log_order_changes()"
    )
    assert "permission denied" in refusal(connection, attach)


def test_what_a_statement_sets_version_to_does_not_count(connection: Connection) -> None:
    new_order(connection)
    connection.execute(text("UPDATE orders SET changed_by = 'alice'"))
    connection.execute(text("UPDATE orders SET status = 'paid', version = -1"))
    assert one(connection, "SELECT version, changed_by FROM orders") == (3, "postgres")


def test_orders_can_be_changed_under_any_search_path(connection: Connection) -> None:
    new_order(connection)
    connection.execute(text("SET LOCAL search_path = ''"))
    connection.execute(text("UPDATE public.orders SET status = 'paid'"))
    connection.execute(text("DELETE FROM public.orders"))
    assert one(connection, "SELECT count(*) FROM public.order_changes") == (3,)


def test_an_update_that_names_its_caller_is_attributed_to_it(connection: Connection) -> None:
    order = new_order(connection)
    connection.execute(
        text(
            "UPDATE orders SET status = 'paid', changed_by = 'alice', trace_id = 't-1'"
            " WHERE id = :id"
        ),
        {"id": order},
    )
    assert one(
        connection, "SELECT changed_by, trace_id, db_user FROM order_changes WHERE op = 'U'"
    ) == ("alice", "t-1", "postgres")


def test_a_hand_typed_update_is_attributed_to_the_user_who_typed_it(
    connection: Connection,
) -> None:
    order = new_order(connection)
    connection.execute(
        text("UPDATE orders SET changed_by = 'alice', trace_id = 't-1' WHERE id = :id"),
        {"id": order},
    )
    connection.execute(text("UPDATE orders SET status = 'paid' WHERE id = :id"), {"id": order})
    assert one(connection, "SELECT changed_by, trace_id FROM order_changes WHERE version = 3") == (
        "postgres",
        None,
    )


def test_a_deletion_is_attributed_to_the_caller_that_its_transaction_names(
    connection: Connection,
) -> None:
    order = new_order(connection)
    connection.execute(text("SELECT set_config('tally.changed_by', 'bob', true)"))
    connection.execute(text("DELETE FROM orders WHERE id = :id"), {"id": order})
    assert one(connection, "SELECT changed_by FROM order_changes WHERE op = 'D'") == ("bob",)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE order_changes SET total_cents = 0",
        "UPDATE {partition} SET total_cents = 0",
        "DELETE FROM order_changes",
        "DELETE FROM {partition}",
        "TRUNCATE order_changes",
        "TRUNCATE {partition}",
        "TRUNCATE orders",
        "TRUNCATE currencies CASCADE",
        "UPDATE currencies SET exponent = 3 WHERE code = 'USD'",
        "DELETE FROM currencies WHERE code = 'ZWG'",
        FORGE,
    ],
)
def test_history_cannot_be_rewritten(connection: Connection, statement: str) -> None:
    new_order(connection)
    partition = connection.scalar(text("SELECT tableoid::regclass::text FROM order_changes"))
    assert "is refused" in refusal(connection, statement.format(partition=partition))


def test_not_even_in_replica_mode(connection: Connection) -> None:
    new_order(connection)
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text("UPDATE orders SET status = 'paid'"))
    assert one(connection, "SELECT count(*) FROM order_changes") == (2,)
    assert "is refused" in refusal(connection, "DELETE FROM order_changes")


@pytest.mark.parametrize(
    "column", ["created_at = created_at - interval '1 day'", "currency = 'EUR'", "id = id + 1"]
)
def test_what_decides_the_day_and_the_unit_cannot_change(
    connection: Connection, column: str
) -> None:
    new_order(connection)
    assert "cannot change" in refusal(connection, f"UPDATE orders SET {column}")


@pytest.mark.parametrize(
    "values",
    [
        "customer_id) VALUES (0, 1",
        "region) VALUES (1, 1, ''",
        "status) VALUES (1, 1, 'lost'",
        "currency) VALUES (1, 1, 'XYZ'",
        "created_at) VALUES (1, 1, '1989-12-31T23:59:59Z'",
        "created_at) VALUES (1, 1, now() + interval '1 hour'",
        "created_at) VALUES (1, 1, 'infinity'",
        "metadata) VALUES (1, 1, '[]'",
    ],
)
def test_a_bad_order_is_refused_and_not_logged(connection: Connection, values: str) -> None:
    column, rest = values.split(")", 1)
    columns = "total_cents" if column == "customer_id" else f"customer_id, total_cents, {column}"
    columns = f"customer_id, {columns}" if column == "customer_id" else columns
    assert refusal(connection, f"INSERT INTO orders ({columns}){rest})")
    assert one(connection, "SELECT count(*) FROM order_changes") == (0,)


@pytest.mark.parametrize("cents", [-1, 10**15 + 1])
def test_amounts_are_bounded(connection: Connection, cents: int) -> None:
    assert "bounded" in refusal(
        connection, f"INSERT INTO orders (customer_id, total_cents) VALUES (1, {cents})"
    )


def test_version_starts_at_1_whatever_an_insert_says(connection: Connection) -> None:
    connection.execute(
        text("INSERT INTO orders (customer_id, total_cents, version) VALUES (1, 1, 7)")
    )
    assert one(connection, "SELECT o.version, c.version FROM orders o, order_changes c") == (1, 1)


def test_a_clock_that_steps_back_does_not_write_into_a_day_that_is_over(
    connection: Connection,
) -> None:
    connection.execute(text("INSERT INTO day_closings (day) VALUES (current_date - 1)"))
    connection.execute(
        text(
            "CREATE OR REPLACE FUNCTION tally_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
            " AS $$ SELECT clock_timestamp() - interval '2 days' $$"
        )
    )
    new_order(connection)
    assert one(connection, "SELECT changed_at = current_date::timestamptz FROM order_changes") == (
        True,
    )


def test_the_database_takes_the_transaction_id_that_closes_a_day(connection: Connection) -> None:
    connection.execute(text("INSERT INTO day_closings VALUES (current_date - 1, '3')"))
    assert one(connection, "SELECT closing_xid FROM day_closings") == (None,)
    connection.execute(text("UPDATE day_closings SET closing_xid = '3', day = '1990-01-01'"))
    noted = "SELECT closing_xid = pg_current_xact_id(), day = current_date - 1 FROM day_closings"
    assert one(connection, noted) == (True, True)
    assert "is refused" in refusal(connection, "DELETE FROM day_closings")


def test_a_day_that_is_not_over_cannot_be_noted(connection: Connection) -> None:
    assert "is not over" in refusal(
        connection, "INSERT INTO day_closings (day) VALUES (current_date)"
    )


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("tally_api", "INSERT INTO order_changes (op) VALUES ('I')"),
        ("tally_api", "UPDATE order_changes SET op = 'D'"),
        ("tally_api", "DELETE FROM order_changes"),
        ("tally_api", "TRUNCATE orders"),
        ("tally_api", "INSERT INTO day_closings (day) VALUES ('2020-01-01')"),
        (
            "tally_api",
            REPLACE_CLOCK,
        ),
        ("tally_loader", "UPDATE orders SET status = 'paid'"),
        ("tally_loader", "DELETE FROM day_closings"),
        ("tally_loader", "INSERT INTO day_closings (day, closing_xid) VALUES ('2020-01-01', '3')"),
        ("tally_loader", "UPDATE day_closings SET closing_xid = '3'"),
        (
            "tally_loader",
            REPLACE_CLOCK,
        ),
    ],
)
def test_a_role_of_production_may_not(connection: Connection, role: str, statement: str) -> None:
    connection.execute(text(f"SET LOCAL ROLE {role}"))
    assert "permission denied" in refusal(connection, statement) or "must be owner" in refusal(
        connection, statement
    )


def test_the_api_role_can_do_its_work_and_the_log_is_written_for_it(
    connection: Connection,
) -> None:
    connection.execute(text("SET LOCAL ROLE tally_api"))
    order = new_order(connection)
    connection.execute(text("UPDATE orders SET status = 'paid' WHERE id = :id"), {"id": order})
    connection.execute(text("DELETE FROM orders WHERE id = :id"), {"id": order})
    assert one(connection, "SELECT count(*) FROM order_changes") == (3,)


def test_a_temporary_table_cannot_stand_in_for_the_log(connection: Connection) -> None:
    connection.execute(text("CREATE TEMP TABLE order_changes (LIKE public.order_changes)"))
    new_order(connection)
    assert one(connection, "SELECT count(*) FROM public.order_changes") == (1,)
