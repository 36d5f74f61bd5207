"""order_metadata finds orders by their metadata: it follows each change, whoever makes it."""

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from orders.migrate import downgrade, upgrade

PAIRS = """
SELECT DISTINCT pair, created_at, id FROM orders, metadata_pairs(metadata) AS pair ORDER BY 1, 2, 3
"""
KEPT = "SELECT pair, created_at, order_id FROM order_metadata ORDER BY 1, 2, 3"
ORDER = "INSERT INTO orders (customer_id, total_cents, metadata) VALUES "
THREE = ORDER + """(1, 1, '{"a": "1", "b": "2"}'), (1, 1, '{"a": "1"}'), (1, 1, '{}')"""


def follows(connection: Connection, pairs: int) -> None:
    """Check that there is a row for each of so many pairs, and no other."""
    kept = connection.execute(text(KEPT)).all()
    assert kept == connection.execute(text(PAIRS)).all()
    assert len(kept) == pairs


def test_new_orders_are_found_by_each_of_their_pairs(connection: Connection) -> None:
    connection.exec_driver_sql(THREE)
    follows(connection, 3)


@pytest.mark.parametrize(
    ("change", "pairs"),
    [
        ("metadata = '{}'", 0),
        ('metadata = metadata || \'{"c": "3"}\'', 6),
        ("metadata = metadata - 'a'", 1),
        ('metadata = \'{"a": "other"}\'', 3),
        ('metadata = \'{"a": 1, "n": {"deep": [true, null]}}\'', 6),
        ("status = 'paid'", 3),
    ],
)
def test_a_hand_typed_update_is_followed(connection: Connection, change: str, pairs: int) -> None:
    connection.exec_driver_sql(THREE)
    connection.exec_driver_sql(f"UPDATE orders SET {change}")
    follows(connection, pairs)


def test_a_deleted_order_is_found_no_more(connection: Connection) -> None:
    connection.exec_driver_sql(THREE)
    first = "DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)"
    connection.exec_driver_sql(first)
    follows(connection, 1)
    connection.exec_driver_sql("DELETE FROM orders")
    follows(connection, 0)


def test_orders_that_are_copied_in_are_found(connection: Connection) -> None:
    rows = [b'1,1,"{""a"": ""1""}"\n', b'1,1,"{""a"": ""1"", ""b"": ""2""}"\n', b"1,1,{}\n"]
    copy = "COPY orders (customer_id, total_cents, metadata) FROM STDIN WITH (FORMAT csv)"
    cursor = connection.connection.cursor()
    cursor.execute(copy, stream=rows)  # type: ignore[call-arg]  # pg8000's own
    follows(connection, 3)


def test_replica_mode_writes_around_nothing(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    connection.exec_driver_sql(THREE)
    connection.exec_driver_sql('UPDATE orders SET metadata = metadata || \'{"c": "3"}\'')
    follows(connection, 6)
    connection.exec_driver_sql("DELETE FROM orders")
    follows(connection, 0)


@pytest.mark.parametrize("role", ["tally_api", "tally_loader"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO order_metadata VALUES (1, now(), 1)",
        "UPDATE order_metadata SET pair = 1",
        "DELETE FROM order_metadata",
        "TRUNCATE order_metadata",
    ],
)
def test_no_role_writes_what_orders_are_found_by(
    connection: Connection, role: str, statement: str
) -> None:
    connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
    with pytest.raises(DBAPIError, match="permission denied for table order_metadata"):
        connection.exec_driver_sql(statement)


def test_the_role_of_the_api_changes_it_by_changing_orders(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL ROLE tally_api")
    connection.exec_driver_sql(THREE)
    connection.exec_driver_sql("UPDATE orders SET metadata = metadata - 'b'")
    follows(connection, 2)


@pytest.mark.parametrize("function", ["index_new_metadata", "index_changed_metadata"])
def test_no_role_puts_the_triggers_on_a_table_of_its_own(
    connection: Connection, function: str
) -> None:
    connection.exec_driver_sql("SET LOCAL ROLE tally_api")
    connection.exec_driver_sql("CREATE TEMPORARY TABLE mine (LIKE orders)")
    with pytest.raises(DBAPIError, match="permission denied for function"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER forge AFTER DELETE ON mine FOR EACH ROW EXECUTE FUNCTION {function}()"
        )


def test_orders_that_are_there_are_found_once_the_database_is_migrated(engine: Engine) -> None:
    downgrade(engine, "0007")
    with engine.begin() as connection:
        connection.exec_driver_sql(THREE)
    upgrade(engine)
    with engine.begin() as connection:
        follows(connection, 3)
        connection.exec_driver_sql("DELETE FROM orders WHERE metadata ? 'b'")
    downgrade(engine, "0007")
    upgrade(engine)
    with engine.begin() as connection:
        follows(connection, 1)
