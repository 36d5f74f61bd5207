"""The lines of an order: they add up to its total, whoever writes and whoever writes meanwhile."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tally_testing.waiting import wait_until

ORDER = "INSERT INTO orders (customer_id, total_cents) VALUES (1, 10)"
FIRST_LINE = (
    "INSERT INTO order_lines (order_id, line_no, item_id, quantity, unit_price_cents)"
    " VALUES (1, 1, 1, 2, 5)"
)
SECOND_LINE = FIRST_LINE.replace("(1, 1, 1,", "(1, 2, 1,")
OTHER_TOTAL = "UPDATE orders SET total_cents = 11 WHERE id = 1"
DELETION = "DELETE FROM orders WHERE id = 1"
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""
LEFT = """
    SELECT total_cents, coalesce(sum(quantity * unit_price_cents), 0) FROM order_lines
    RIGHT JOIN orders ON id = order_id GROUP BY id"""


@pytest.fixture
def order(engine: Engine) -> Engine:
    """A database with one order of 10 cents, without lines yet."""
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO items (name, price_cents) VALUES ('widget', 5)"))
        connection.execute(text(ORDER))
    return engine


def execute(engine: Engine, statement: str) -> str | None:
    """Run a statement in a transaction of its own; return why it was refused."""
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    except DBAPIError as error:
        return str(error.orig)
    return None


def race(engine: Engine, first: str, second: str, *, commit: bool = True) -> str | None:
    """Let the first be open while the second begins; return why the second was refused."""
    with ThreadPoolExecutor(1) as other, engine.connect() as connection:
        connection.execute(text(first))
        answer = other.submit(execute, engine, second)
        await_lock(engine, answer)
        (connection.commit if commit else connection.rollback)()
        return answer.result()


def await_lock(engine: Engine, answer: Future[str | None]) -> None:
    def waits() -> bool:
        assert not answer.done(), "it did not wait for the order"
        with engine.begin() as watcher:
            return bool(watcher.execute(text(WAITING)).scalar_one())

    wait_until(waits, "the second waits for the order")


def left(engine: Engine) -> list[tuple[int, int]]:
    """The total of each order that is left, and what its lines add up to."""
    with engine.connect() as connection:
        return [(int(total), int(lines)) for total, lines in connection.execute(text(LEFT))]


@pytest.mark.parametrize(
    ("first", "second", "why", "after"),
    [
        (OTHER_TOTAL, FIRST_LINE, "do not add up", [(11, 0)]),
        (FIRST_LINE, OTHER_TOTAL, "which cannot change", [(10, 10)]),
        (FIRST_LINE, SECOND_LINE, "do not add up", [(10, 10)]),
        (DELETION, FIRST_LINE, "do not add up", []),
    ],
)
def test_of_two_at_once_who_would_leave_a_wrong_sum_the_second_is_refused(
    order: Engine, first: str, second: str, why: str, after: list[tuple[int, int]]
) -> None:
    assert why in str(race(order, first, second))
    assert left(order) == after


@pytest.mark.parametrize(
    ("first", "second", "after"),
    [
        (OTHER_TOTAL, FIRST_LINE, (10, 10)),
        (FIRST_LINE, OTHER_TOTAL, (11, 0)),
        (FIRST_LINE, SECOND_LINE, (10, 10)),
        (DELETION, FIRST_LINE, (10, 10)),
    ],
)
def test_a_first_that_is_rolled_back_was_never_there(
    order: Engine, first: str, second: str, after: tuple[int, int]
) -> None:
    assert race(order, first, second, commit=False) is None
    assert left(order) == [after]


def test_lines_may_be_written_while_another_order_is_changed(order: Engine) -> None:
    assert execute(order, ORDER) is None
    with order.connect() as connection:
        connection.execute(text(OTHER_TOTAL))
        assert execute(order, FIRST_LINE.replace("(1, 1, 1,", "(2, 1, 1,")) is None


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (SECOND_LINE, "do not add up"),
        (FIRST_LINE.replace("(1, 1, 1,", "(7, 1, 1,"), "order 7 do not add up"),
        (OTHER_TOTAL, "which cannot change"),
        ("UPDATE order_lines SET quantity = 2", "stay as they are"),
        ("DELETE FROM order_lines", "stay as they are"),
        ("TRUNCATE order_lines", "stay as they are"),
    ],
)
def test_lines_by_hand_add_up_and_stay(order: Engine, statement: str, why: str) -> None:
    assert execute(order, FIRST_LINE) is None
    assert why in str(execute(order, statement))
    assert left(order) == [(10, 10)]


def test_the_role_of_the_api_may_write_lines(connection: Connection) -> None:
    connection.execute(text("INSERT INTO items (name, price_cents) VALUES ('widget', 5)"))
    connection.execute(text("SET LOCAL ROLE tally_api"))
    written = """
        WITH new AS (INSERT INTO orders (customer_id, total_cents) VALUES (1, 10) RETURNING id)
        INSERT INTO order_lines (order_id, line_no, item_id, quantity, unit_price_cents)
        SELECT new.id, 1, (SELECT max(id) FROM items), 2, 5 FROM new"""
    assert connection.execute(text(written)).rowcount == 1
