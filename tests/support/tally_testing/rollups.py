"""Rollups of real tables, beside their recompute in Python: from orders alone, in Decimal."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from google.cloud import bigquery

from tally_local.sales import Sales, exponents, major

SQL = Path(__file__).parents[3] / "dags" / "sql"
TABLES = ("sales_weekly", "sales_monthly", "customer_cohorts")
Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Order:
    """An order as the table `orders` shows it."""

    customer_id: int
    created_at: datetime
    region: str
    currency: str
    total_cents: int
    status: str
    op: str = "U"

    @property
    def counts(self) -> bool:
        return self.op != "D" and self.status != "cancelled"

    @property
    def day(self) -> date:
        return self.created_at.date()

    @property
    def month(self) -> date:
        return self.day.replace(day=1)

    @property
    def sales(self) -> Sales:
        gross = major(self.total_cents, self.currency)
        refunded = gross if self.status == "refunded" else Decimal(0)
        return Sales(1, gross, refunded, gross - refunded)


def monday(day: date) -> date:
    return day - timedelta(days=day.isoweekday() - 1)


def sales_by(orders: Iterable[Order], period: Callable[[date], date]) -> Rows:
    """Return the rows of a table of sales: period, region, currency and the figures; sorted."""
    sums: dict[tuple[date, str, str], Sales] = defaultdict(Sales)
    for order in orders:
        if order.counts:
            sums[period(order.day), order.region, order.currency] += order.sales
    return sorted((*key, s.orders, s.gross, s.refunded, s.net) for key, s in sums.items())


def cohorts(orders: Iterable[Order]) -> Rows:
    """Return the rows of `customer_cohorts`, sorted."""
    counted = [order for order in orders if order.counts]
    first: dict[int, date] = {}
    for order in counted:
        first[order.customer_id] = min(order.month, first.get(order.customer_id, date.max))
    customers: dict[tuple[date, date], set[int]] = defaultdict(set)
    sums: dict[tuple[date, date, str], Sales] = defaultdict(Sales)
    for order in counted:
        cohort = first[order.customer_id]
        customers[cohort, order.month].add(order.customer_id)
        sums[cohort, order.month, order.currency] += order.sales
    sizes = {cohort: len(customers[cohort, cohort]) for cohort in first.values()}
    return sorted(
        (cohort, _months(cohort, month), currency, len(customers[cohort, month]), sales.orders,
         sales.net, sizes[cohort])
        for (cohort, month, currency), sales in sums.items()
    )  # fmt: skip


def _months(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month


def recomputed(orders: Collection[Order]) -> dict[str, Rows]:
    """Return what the three tables must hold."""
    return {
        "sales_weekly": sales_by(orders, monday),
        "sales_monthly": sales_by(orders, lambda day: day.replace(day=1)),
        "customer_cohorts": cohorts(orders),
    }


class Rollups:
    """Rolls up and checks as the DAG does, and fills the tables that it reads."""

    def __init__(self, client: bigquery.Client, dataset: str) -> None:
        self.client = client
        self.dataset = dataset

    def fill(self, orders: Collection[Order]) -> None:
        """Replace all rows of `orders`, and of `sales_daily` by what publishing makes of them."""
        self._load("orders", [_landed(number, order) for number, order in enumerate(orders)])
        names = ("day", "region", "currency", "order_count", "gross_revenue", "refunded",
                 "net_revenue")  # fmt: skip
        days = sales_by(orders, lambda day: day)
        self._load("sales_daily", [dict(zip(names, map(str, row), strict=True)) for row in days])

    def _load(self, table: str, rows: list[dict[str, str]]) -> None:
        name = f"{self.client.project}.{self.dataset}.{table}"
        config = bigquery.LoadJobConfig(
            schema=self.client.get_table(name).schema, write_disposition="WRITE_TRUNCATE_DATA"
        )
        self.client.load_table_from_json(rows, name, job_config=config).result()

    def run(self) -> dict[str, int]:
        """Roll up, and return how many rows were written in each table."""
        return {table: self.roll_up(table) for table in TABLES}

    def roll_up(self, table: str) -> int:
        job = self.client.query(self._sql(f"rollups/{table}.sql"))
        job.result()
        assert job.num_dml_affected_rows is not None
        return job.num_dml_affected_rows

    def rows(self) -> dict[str, Rows]:
        """Return the rows of each table, sorted."""
        return {
            table: sorted(
                tuple(row) for row in self.client.query_and_wait(f"SELECT * FROM {table}")
            )
            for table in TABLES
        }

    def state(self) -> str:
        """Return what the checks compare the ledger with."""
        (row,) = self.client.query_and_wait(self._sql("ledger_state.sql"))
        return str(row["ledger_state"])

    def broken(self, state: str | None = None) -> list[str]:
        """Return the checks that are not true, as of now or of a state of the ledger."""
        state = state or self.state()
        return [f"{table}: {name}" for table in TABLES for name in self.check(table, state)]

    def check(self, table: str, state: str) -> list[str]:
        """Return the checks of one table that are not true."""
        parameter = bigquery.ScalarQueryParameter("ledger_state", "STRING", state)
        config = bigquery.QueryJobConfig(query_parameters=[parameter])
        sql = self._sql(f"checks/rollups/{table}.sql")
        (row,) = self.client.query_and_wait(sql, job_config=config)
        return [name for name, true in row.items() if true is not True]

    @staticmethod
    def _sql(file: str) -> str:
        return (SQL / file).read_text(encoding="utf-8")


def _landed(number: int, order: Order) -> dict[str, str]:
    time = order.created_at.isoformat()
    return {
        "change_id": str(number + 1),
        "op": order.op,
        "changed_at": time,
        "db_user": "tally",
        "order_id": str(number + 1),
        "version": "1",
        "customer_id": str(order.customer_id),
        "total_cents": str(order.total_cents),
        "currency": order.currency,
        "exponent": str(exponents()[order.currency]),
        "region": order.region,
        "status": order.status,
        "metadata": "{}",
        "created_at": time,
        "updated_at": time,
        "changed_by": "tests",
    }
