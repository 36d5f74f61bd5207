"""A shop whose days are loaded and published in the test's own process."""

from datetime import date

from sqlalchemy import Engine, text

from load_orders.app import Parts
from load_orders.load import Load
from load_orders.load import load_day as stage_day
from load_orders.reconcile import reconcile
from tally_local import runner
from tally_local.endpoints import Endpoints
from tally_local.sales import Key, Sales, published

DAY = date(2026, 11, 10)


class Shop:
    """Changes orders with plain SQL, and loads and publishes days in this process."""

    def __init__(self, engine: Engine, parts: Parts, endpoints: Endpoints) -> None:
        self.engine = engine
        self.parts = parts
        self.endpoints = endpoints

    def sql(self, statement: str, **values: object) -> int:
        """Run a statement in a transaction of its own; return its first value, an id say."""
        with self.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return int(result.scalar_one()) if result.returns_rows else result.rowcount

    def order(self, **columns: object) -> int:
        values = {"customer_id": 1, "total_cents": 1000, "region": "eu-west"} | columns
        names = ", ".join(values)
        binds = ", ".join(f":{name}" for name in values)
        return self.sql(f"INSERT INTO orders ({names}) VALUES ({binds}) RETURNING id", **values)

    def stage(self, day: date, mode: str = "closed") -> Load:
        engine, warehouse, settings = self.parts.engine, self.parts.warehouse, self.parts.settings
        return stage_day(engine, warehouse, settings, day=day, mode=mode)

    def publish(self, load: Load) -> None:
        runner.publish(self.endpoints, runner.Load.from_answer(load.as_json()))

    def load(self, day: date, mode: str = "closed") -> Load:
        load = self.stage(day, mode)
        self.publish(load)
        return load

    def sales(self) -> dict[Key, Sales]:
        return published(self.endpoints)

    def reconcile(self, days: int = 30) -> dict[str, object]:
        return reconcile(self.parts.engine, self.parts.warehouse, days=days)

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything that is published, in an order of its own."""
        queries = {
            "orders_raw": "SELECT * FROM orders_raw WHERE DATE(ingested_at) > '1990-01-01'",
            "orders": "SELECT * FROM orders",
            "sales_daily": "SELECT * FROM sales_daily",
            "load_ledger": "SELECT * FROM load_ledger",
        }
        return {
            table: sorted((tuple(row[:]) for row in self.parts.warehouse.rows(query)), key=repr)
            for table, query in queries.items()
        }
