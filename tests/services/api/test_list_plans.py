"""What a page of a list reads: a bounded number of orders from an index, whatever is asked for.

Postgres says so itself: each statement that list_orders sends is sent again behind EXPLAIN.
"""

import base64
import itertools
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from orders.engine import database_engine
from orders_api.clients.database import Database
from orders_api.schemas.order_query import OrderQuery
from orders_api.services.order_lists import list_orders
from orders_api.settings import Settings
from tally_testing.scratch import outside_transactions, scratch_database

MOST_READ = 1_000
LIMIT = 20
BRANCHES = 6
SLACK = 20  # Pages on the way down an index, and those that are left half read.

# Two orders a moment. What is common is so among the older ones only: who looks for it among the
# newest by their time alone passes over thousands. Customer 2, "rare", "refunded" and rare=x have
# three orders each; customer 3, "nowhere", "cancelled" and none=x have none.
FILL = """
INSERT INTO orders (customer_id, total_cents, region, status, metadata, created_at)
SELECT
    CASE WHEN n <= 3 THEN 2 WHEN n <= 30000 THEN 1 ELSE mod(n, 5000) + 4 END, n,
    CASE WHEN n <= 3 THEN 'rare' WHEN n <= 32000 THEN 'big' ELSE 'small' END,
    CASE WHEN n <= 3 THEN 'refunded' WHEN n <= 28000 THEN 'delivered' ELSE 'pending' END,
    CASE WHEN n <= 3 THEN '{"rare": "x"}' WHEN n > 35000 THEN '{}'
        ELSE jsonb_build_object('channel', 'web', 'shard', CAST(mod(n, 7) AS text)) END,
    CAST('2026-01-01T00:00:00Z' AS timestamptz) + n / 2 * interval '1 second'
FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n"""
ANALYZE = "VACUUM (ANALYZE) orders, order_metadata"

MIDDLE = "2026-01-01T02:00:00Z"
SPANS: list[dict[str, Any]] = [{}, {"created_from": MIDDLE}, {"created_to": MIDDLE}]
# Of each filter a common value, a rare one and an absent one, and several values.
CUSTOMERS: list[dict[str, Any]] = [{"customer_id": customer} for customer in ("1", "2", "3")]
REGIONS: list[dict[str, Any]] = [{"region": region} for region in ("big", "rare", "nowhere")]
STATUSES: list[dict[str, Any]] = [
    {"status": status}
    for status in (["delivered"], ["refunded"], ["cancelled"], ["delivered", "refunded"])
]
METADATA: list[dict[str, Any]] = [
    {"metadata[channel]": "web"},
    {"metadata[rare]": "x"},
    {"metadata[none]": "x"},
    {"metadata[channel]": "web", "metadata[shard]": "3"},
]
ANSWERED_BY_AN_INDEX = [
    {},
    *CUSTOMERS,
    *REGIONS,
    *STATUSES,
    *({**region, **status} for region in REGIONS for status in STATUSES),
]


def combinations() -> Iterator[dict[str, Any]]:
    """Yield choices of filters: up to two with all their values, more with two values each."""
    for count in range(5):
        for chosen in itertools.combinations((CUSTOMERS, REGIONS, STATUSES, METADATA), count):
            some = chosen if count <= 2 else [values[:2] for values in chosen]
            for values in itertools.product(*some):
                yield {name: value for given in values for name, value in given.items()}


@pytest.fixture(scope="module", params=["statistics", "old statistics", "no statistics"])
def filled(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on a database of 50,000 orders; what Postgres knows of them differs."""
    settings = Settings.model_validate
    with (
        scratch_database() as url,
        database_engine(settings({"database_url": url})) as engine,
        outside_transactions(url) as connection,
    ):
        connection.execute(text("ALTER TABLE orders SET (autovacuum_enabled = false)"))
        connection.execute(text("ALTER TABLE order_metadata SET (autovacuum_enabled = false)"))
        connection.execute(text(FILL), {"first": 1, "last": 3})
        if request.param == "old statistics":
            connection.execute(text(ANALYZE))
        connection.execute(text(FILL), {"first": 4, "last": 50_000})
        if request.param == "statistics":
            connection.execute(text(ANALYZE))
        yield engine


def plans_of_page(engine: Engine, asked: dict[str, Any]) -> tuple[list[Any], str | None]:
    """Return the plans of all that list_orders sends, as they ran, and the next cursor."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        sent.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    page = list_orders(Database(engine), OrderQuery.model_validate(asked), most_read=MOST_READ)
    event.remove(engine, "before_cursor_execute", note)
    plans = []
    with engine.begin() as connection:
        for statement, values in sent:
            is_setting = statement.startswith("SET")
            explain = "" if is_setting else "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
            result = connection.exec_driver_sql(explain + statement, values)
            plans += [] if is_setting else [result.scalar_one()[0]["Plan"]]
    return plans, page.next_cursor


def moved_to_the_middle(cursor: str) -> str:
    digest, *_ = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    moment = int(datetime.fromisoformat(MIDDLE).timestamp()) * 1_000_000
    content = json.dumps([digest, moment, 14_400])
    return base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def check(plan: dict[str, Any], window: int) -> None:
    """Check that a plan read no more than `window` orders a branch, and sorted no more."""
    for node in nodes(plan):
        dropped = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
        given = node["Actual Rows"] + sum(node.get(name, 0) for name in dropped)
        rows, loops = given * node["Actual Loops"], node["Actual Loops"]
        what = {name: node[name] for name in node if name != "Plans"}
        if node.get("Relation Name") in {"orders", "order_metadata"}:
            assert node["Node Type"] in {"Index Scan", "Index Only Scan"}, what
            assert rows <= window, what
            # What an index passes over does not show in rows, but in pages.
            pages = node["Shared Hit Blocks"] + node["Shared Read Blocks"]
            assert pages <= 4 * (rows + loops) + SLACK, what
        if "Sort" in node["Node Type"]:
            assert rows <= BRANCHES * window, what


def walk_and_check(engine: Engine, asked: dict[str, Any], window: int) -> None:
    """Check the first page, and one that begins in the middle of the table."""
    plans, cursor = plans_of_page(engine, asked)
    if cursor is not None:
        plans += plans_of_page(engine, {**asked, "cursor": moved_to_the_middle(cursor)})[0]
    for plan in plans:
        check(plan, window)


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
def test_no_page_reads_more_than_its_bound(filled: Engine, sort: str) -> None:
    for filters, span in zip(combinations(), itertools.cycle(SPANS), strict=False):
        asked = {**filters, **span, "sort": sort, "limit": str(LIMIT)}
        walk_and_check(filled, asked, MOST_READ)


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
@pytest.mark.parametrize("span", SPANS, ids=["always", "from", "to"])
def test_where_an_index_answers_alone_a_page_reads_what_it_shows(
    filled: Engine, sort: str, span: dict[str, Any]
) -> None:
    for filters in ANSWERED_BY_AN_INDEX:
        asked = {**filters, **span, "sort": sort, "limit": str(LIMIT)}
        walk_and_check(filled, asked, LIMIT + 1)
