"""The states of orders: the code, the database and the page for people say the same."""

import re
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, text

from orders.status import TRANSITIONS, OrderStatus

PAGE = (Path(__file__).parents[2] / "docs" / "orders.md").read_text(encoding="utf-8")
STATES = "|".join(OrderStatus)


def moves(pairs: Iterable[tuple[str, str]]) -> dict[OrderStatus, frozenset[OrderStatus]]:
    found: dict[OrderStatus, set[OrderStatus]] = {}
    for start, ends in pairs:
        found.setdefault(OrderStatus(start), set()).update(map(OrderStatus, ends.split()))
    return {start: frozenset(ends) for start, ends in found.items()}


def test_the_table_of_the_page_shows_the_declared_transitions() -> None:
    rows = re.findall(rf"^\| `({STATES})` \|(.*)\|$", PAGE, re.MULTILINE)
    assert moves((start, re.sub("[`,]", "", ends)) for start, ends in rows) == TRANSITIONS


def test_the_diagram_of_the_page_shows_the_declared_transitions() -> None:
    (diagram,) = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", PAGE, re.DOTALL)
    arrows = [line.strip().split(" --> ") for line in diagram.splitlines()]
    ends = {start for start, end in arrows if end == "[*]"}
    assert ends == {state for state in OrderStatus if not TRANSITIONS[state]}
    drawn = moves((start, end.replace("[*]", "")) for start, end in arrows if start != "[*]")
    assert drawn == TRANSITIONS


def test_every_state_can_be_reached_by_a_new_order_and_every_way_ends() -> None:
    assert set(TRANSITIONS) == set(OrderStatus)
    reached, frontier = {OrderStatus.PENDING}, [OrderStatus.PENDING]
    while frontier:
        state = frontier.pop()
        assert state not in TRANSITIONS[state]
        frontier += TRANSITIONS[state] - reached
        reached |= TRANSITIONS[state]
    assert reached == set(OrderStatus)


def test_the_database_knows_the_same_states(connection: Connection) -> None:
    query = """
        SELECT pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conname = 'orders_status_known'"""
    constraint = connection.execute(text(query)).scalar_one()
    assert set(re.findall(r"'(\w+)'", constraint)) == set(OrderStatus)
