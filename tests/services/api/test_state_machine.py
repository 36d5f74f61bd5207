"""Whatever is done to orders, in whatever order: answers, histories and the change log agree.

Hypothesis chooses operations, right ones and wrong ones, over HTTP and by hand in SQL. The model
is the list of changes that must have been logged; an order's state is its last change.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, text

from orders.status import TRANSITIONS, OrderStatus

# What a caller may say of an order at version v, and whether the order is meant by it.
IF_MATCH: Final[dict[str, tuple[Callable[[int], str], bool]]] = {
    "its version": (lambda v: f'"{v}"', True),
    "whatever its version": (lambda _: "*", True),
    "one of several": (lambda v: f'"{v + 1}", "{v}"', True),
    "an old version": (lambda v: f'"{v - 1}"', False),
    "the next version": (lambda v: f'"{v + 1}"', False),
    "its version, weakly": (lambda v: f'W/"{v}"', False),
}
IF_NONE_MATCH: Final = IF_MATCH | {"its version, weakly": (lambda v: f'W/"{v}"', True)}
STATUSES = st.sampled_from(list(OrderStatus))
CONDITIONS = st.sampled_from([*IF_MATCH, "its version", "nothing"])
LINES = st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 10**6)), max_size=3)

# No other test's customers are so many.
_customers = count(10**17)
_traces = count(1)


@dataclass(frozen=True)
class Change:
    """What the change log must hold of one change."""

    op: str
    order_id: int
    version: int
    status: OrderStatus
    region: str
    changed_by: str
    trace_id: str | None


@dataclass(frozen=True)
class Trace:
    id: str

    @property
    def headers(self) -> dict[str, str]:
        return {"traceparent": f"00-{self.id}-b7ad6b7169203331-01"}


class Orders(RuleBasedStateMachine):
    """Everything that can happen to the orders of one customer."""

    orders = Bundle("orders")

    def __init__(self, api: httpx.Client, engine: Engine, item_id: int) -> None:
        super().__init__()
        self.api, self.engine, self.item_id = api, engine, item_id
        self.customer_id = next(_customers)
        self.log: list[Change] = []
        self.fixed: dict[int, dict[str, Any]] = {}
        """By order, what never changes."""

    @rule(target=orders, status=STATUSES, lines=LINES)
    def create(self, status: OrderStatus, lines: list[tuple[int, int]]) -> int:
        trace = new_trace()
        total = sum(quantity * price for quantity, price in lines)
        sent = [
            {"item_id": self.item_id, "quantity": quantity, "unit_price_cents": price}
            for quantity, price in lines
        ]
        order = {"customer_id": self.customer_id, "total_cents": total, "status": status}
        answer = self.api.post("/orders", json=order | {"lines": sent}, headers=trace.headers)
        assert answer.status_code == 201, answer.text
        assert answer.headers["etag"] == '"1"'
        shown = answer.json()
        order_id = int(shown["id"])
        self.fixed[order_id] = {
            name: shown[name] for name in ("customer_id", "total_cents", "created_at", "lines")
        }
        assert [(line["quantity"], line["unit_price_cents"]) for line in shown["lines"]] == lines
        self.log.append(Change("I", order_id, 1, status, "unknown", "anonymous", trace.id))
        assert_shows(shown, self.log[-1])
        return order_id

    @rule(order_id=orders, to=STATUSES, condition=CONDITIONS)
    def move(self, order_id: int, to: OrderStatus, condition: str) -> None:
        trace = new_trace()
        answer = self.api.patch(
            f"/orders/{order_id}",
            json={"status": to},
            headers=trace.headers | self.if_match(order_id, condition),
        )
        now = self.now(order_id)
        if refused := self.refusal(now, condition):
            assert_refused(answer, now, refused)
        elif to != now.status and to not in TRANSITIONS[now.status]:
            assert_refused(answer, now, 409)
            assert answer.json()["allowed"] == sorted(TRANSITIONS[now.status])
        else:
            if to != now.status:
                self.change(now, trace, status=to)
            assert answer.status_code == 200
            assert answer.headers["etag"] == f'"{self.now(order_id).version}"'
            assert_shows(answer.json(), self.now(order_id))

    @rule(order_id=orders, condition=CONDITIONS)
    def delete(self, order_id: int, condition: str) -> None:
        trace = new_trace()
        headers = trace.headers | self.if_match(order_id, condition)
        answer = self.api.delete(f"/orders/{order_id}", headers=headers)
        now = self.now(order_id)
        if refused := self.refusal(now, condition):
            assert_refused(answer, now, refused)
        else:
            assert answer.status_code == 204
            self.change(now, trace, op="D")

    @rule(order_id=orders, condition=st.sampled_from(list(IF_NONE_MATCH)))
    def read(self, order_id: int, condition: str) -> None:
        now = self.now(order_id)
        value, matches = IF_NONE_MATCH[condition]
        headers = {"If-None-Match": value(now.version)}
        answer = self.api.get(f"/orders/{order_id}", headers=headers)
        if now.op == "D":
            assert_refused(answer, now, 404)
            return
        assert answer.status_code == (304 if matches else 200)
        assert answer.headers["etag"] == f'"{now.version}"'
        if matches:
            assert answer.content == b""
        else:
            assert_shows(answer.json(), now)

    @rule(order_id=orders, status=STATUSES, region=st.sampled_from(["eu", "us"]))
    def change_by_hand(self, order_id: int, status: OrderStatus, region: str) -> None:
        statement = "UPDATE orders SET status = :status, region = :region WHERE id = :id"
        user = self.sql(statement, id=order_id, status=status.value, region=region)
        if (now := self.now(order_id)).op != "D":
            self.change(now, None, status=status, region=region, changed_by=user)

    @rule(order_id=orders)
    def delete_by_hand(self, order_id: int) -> None:
        user = self.sql("DELETE FROM orders WHERE id = :id", id=order_id)
        if (now := self.now(order_id)).op != "D":
            self.change(now, None, op="D", changed_by=user)

    @rule(status=STATUSES)
    def list_by_status(self, status: OrderStatus) -> None:
        query = {"customer_id": self.customer_id, "status": status.value}
        found = self.api.get("/orders", params=query).json()["orders"]
        live = {now.order_id for now in self.live() if now.status == status}
        assert {order["id"] for order in found} == live

    @invariant()
    def the_list_shows_every_order_as_it_is(self) -> None:
        query = {"customer_id": self.customer_id, "limit": 100}
        found = self.api.get("/orders", params=query).json()["orders"]
        shown = {order["id"]: order for order in found}
        assert len(shown) == len(found) == len(self.live())
        for now in self.live():
            order = shown[now.order_id]
            assert_shows(order, now)
            fixed = self.fixed[now.order_id]
            assert {name: order[name] for name in fixed} == fixed

    @invariant()
    def the_history_of_the_order_that_changed_is_that_of_the_log(self) -> None:
        if not self.log:
            return
        order_id = self.log[-1].order_id
        changes = self.api.get(f"/orders/{order_id}/history").json()["changes"]
        logged = [change for change in self.log if change.order_id == order_id]
        assert [change_of(change) for change in changes] == logged
        assert [change["version"] for change in changes] == list(range(1, len(logged) + 1))

    @invariant()
    def the_change_log_holds_every_change_and_no_other(self) -> None:
        query = """
            SELECT op, order_id, version, status, region, changed_by, trace_id
            FROM order_changes WHERE customer_id = :customer ORDER BY change_id"""
        with self.engine.connect() as connection:
            rows = connection.execute(text(query), {"customer": self.customer_id}).mappings()
            assert [change_of(row) for row in rows] == self.log

    def now(self, order_id: int) -> Change:
        return next(change for change in reversed(self.log) if change.order_id == order_id)

    def live(self) -> list[Change]:
        return [now for now in map(self.now, self.fixed) if now.op != "D"]

    def change(self, now: Change, trace: Trace | None, **values: Any) -> None:
        made = {"op": "U", "changed_by": "anonymous", "trace_id": trace and trace.id}
        self.log.append(replace(now, version=now.version + 1, **(made | values)))

    def if_match(self, order_id: int, condition: str) -> dict[str, str]:
        if condition == "nothing":
            return {}
        return {"If-Match": IF_MATCH[condition][0](self.now(order_id).version)}

    def refusal(self, now: Change, condition: str) -> int | None:
        if condition == "nothing":
            return 428
        if now.op == "D":
            return 404
        return None if IF_MATCH[condition][1] else 412

    def sql(self, statement: str, **values: object) -> str:
        """Run a statement as whoever types SQL; return who that is."""
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)
            return str(connection.execute(text("SELECT session_user")).scalar_one())


def new_trace() -> Trace:
    return Trace(f"{next(_traces):032x}")


def change_of(row: Any) -> Change:
    return Change(**{name: row[name] for name in Change.__dataclass_fields__})


def assert_shows(order: dict[str, Any], now: Change) -> None:
    fields = ("version", "status", "region", "changed_by", "trace_id")
    assert {name: order[name] for name in fields} == {name: getattr(now, name) for name in fields}


def assert_refused(answer: httpx.Response, now: Change, status: int) -> None:
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["status"] == status
    if status in {409, 412}:
        assert (problem["current_version"], problem["current_status"]) == (now.version, now.status)


def test_random_operations_agree_with_the_model(api: httpx.Client, shared_engine: Engine) -> None:
    item_id = api.post("/items", json={"name": "widget", "price": 1}).json()["id"]

    class Machine(Orders):
        def __init__(self) -> None:
            super().__init__(api, shared_engine, item_id)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
