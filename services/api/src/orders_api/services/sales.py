"""The sales of each day, as BigQuery has them published."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from hashlib import sha256
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from cachetools import TTLCache

from orders_api.clients.warehouse import Warehouse
from orders_api.problems import invalid
from orders_api.schemas.sales import MAX_DAYS, MAX_ROWS, SalesQuery, exponents

if TYPE_CHECKING:
    from orders_api.clients.bigquery import BigQuery

# One statement reads one snapshot, so figures and ledger are of the same publish: that changes
# both in one transaction, and two queries could see the one before it and the one after.
DAILY: Final = """
SELECT
  day,
  ledger.state,
  ledger.published_at,
  sales.region,
  sales.currency,
  sales.order_count,
  sales.gross_revenue,
  sales.refunded,
  sales.net_revenue
FROM (
  SELECT day, state, published_at
  FROM load_ledger
  WHERE day BETWEEN @first_day AND @last_day
) AS ledger
FULL JOIN (
  SELECT day, region, currency, order_count, gross_revenue, refunded, net_revenue
  FROM sales_daily
  WHERE
    day BETWEEN @first_day AND @last_day
    -- An empty array may arrive as NULL.
    AND (IFNULL(ARRAY_LENGTH(@regions), 0) = 0 OR region IN UNNEST(@regions))
    AND (IFNULL(ARRAY_LENGTH(@currencies), 0) = 0 OR currency IN UNNEST(@currencies))
) AS sales
USING (day)
ORDER BY day, region, currency
"""

_CACHE_BYTES: Final = 32 * 2**20
_AMOUNTS: Final = ("gross_revenue", "refunded", "net_revenue")
_DAY: Final = timedelta(days=1)
_DEFAULT_DAYS: Final = 30


class Answer(NamedTuple):
    """An answer as it is sent."""

    body: bytes
    tag: str
    """Changes with the body."""
    fresh_until: float
    """By the monotonic clock: when it is asked for again."""


class SalesReader:
    """Reads the sales of days, the same ones for many callers at once, and keeps them a while.

    Made and used on one event loop.

    Args:
        warehouse: Where they are.
        cache_s: How long an answer is given again without asking.
    """

    def __init__(self, warehouse: Warehouse, cache_s: float) -> None:
        self._warehouse = warehouse
        self._cache_s = cache_s
        self._kept: TTLCache[SalesQuery, Answer] = TTLCache(
            _CACHE_BYTES, cache_s, getsizeof=lambda answer: len(answer.body)
        )
        self._asked: dict[SalesQuery, asyncio.Task[Answer]] = {}

    async def read(self, query: SalesQuery) -> Answer:
        """Return the sales, at most `cache_s` old.

        Raises:
            Unavailable: They cannot be had now.
            Unprocessable: These would be more than MAX_ROWS rows.
        """
        kept = self._kept.get(query)
        if kept is not None:
            return kept
        task = self._asked.get(query)
        if task is None:
            task = self._asked[query] = asyncio.create_task(self._ask(query))
            task.add_done_callback(lambda _: self._asked.pop(query))
        # Others wait for it as well: one who leaves does not end it.
        return await asyncio.shield(task)

    def close(self) -> None:
        """Wait for no answer any more, and close the connections."""
        for task in self._asked.values():
            task.cancel()
        self._warehouse.close()

    async def _ask(self, query: SalesQuery) -> Answer:
        body = await self._warehouse.ask(partial(_read, query))
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        answer = Answer(body, tag, monotonic() + self._cache_s)
        self._kept[query] = answer
        return answer


def sales_query(
    first_day: date | None, last_day: date | None, regions: Iterable[str], currencies: Iterable[str]
) -> SalesQuery:
    """Return the query of days that were asked for; those left out are the last that ended.

    Raises:
        Unprocessable: The days are in the wrong order, or too many.
    """
    last = last_day or datetime.now(UTC).date() - _DAY
    first = first_day or last - (_DEFAULT_DAYS - 1) * _DAY
    if first > last:
        raise invalid("query/from", f"It lies after the last day, {last}")
    if (last - first).days >= MAX_DAYS:
        raise invalid("query/from", f"From then to {last} are more than {MAX_DAYS} days")
    return SalesQuery(first, last, tuple(sorted(set(regions))), tuple(sorted(set(currencies))))


def amount(value: Decimal, currency: str) -> str:
    """Write an amount in major units with the decimals of its currency, exactly.

    It is never rounded: one with more decimals than its currency has would show them.
    """
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(exponents().get(currency, 0), "0")
    return f"{whole}.{fraction}" if fraction else whole


def _read(query: SalesQuery, bigquery: "BigQuery") -> bytes:
    """Return the JSON of the sales."""
    values: dict[str, date | Sequence[str]] = {
        "first_day": query.first_day,
        "last_day": query.last_day,
        "regions": query.regions,
        "currencies": query.currencies,
    }
    rows = bigquery.rows(DAILY, values, most=MAX_ROWS + 1)
    if len(rows) > MAX_ROWS:
        detail = f"These days have more than {MAX_ROWS} rows; name fewer, or a region or currency"
        raise invalid("query/from", detail)
    known = {row["day"]: row for row in rows}
    span = range((query.last_day - query.first_day).days + 1)
    days = [query.first_day + number * _DAY for number in span]
    return orjson.dumps(
        {
            "from": query.first_day,
            "to": query.last_day,
            "days": [_day(day, known.get(day)) for day in days],
            "sales": [_sales(row) for row in rows if row["region"] is not None],
        }
    )


def _day(day: date, row: Any) -> dict[str, Any]:
    published_at: datetime | None = row and row["published_at"]
    return {
        "day": day,
        "published": published_at is not None,
        "state": row and row["state"],
        "published_at": published_at and f"{published_at:%Y-%m-%dT%H:%M:%S.%fZ}",
    }


def _sales(row: Any) -> dict[str, Any]:
    currency = row["currency"]
    return {
        "day": row["day"],
        "region": row["region"],
        "currency": currency,
        "order_count": row["order_count"],
    } | {name: amount(row[name], currency) for name in _AMOUNTS}
