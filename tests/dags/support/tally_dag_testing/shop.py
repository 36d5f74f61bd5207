"""A shop on a stack that runs in Tally's own environment, from which Airflow's is apart."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

ROOT = Path(__file__).parents[4]
_PYTHON = os.environ.get("TALLY_PYTHON", str(ROOT / ".venv" / "bin" / "python"))


class Shop:
    """Takes orders, lets time pass, reads the warehouse."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.endpoints: dict[str, str] = self._read()
        self.warehouse = _client(self.endpoints)

    def sql(self, statement: str, **values: Any) -> Any:
        """Run a statement in a transaction of its own; return its first value, if it has one."""
        rows = self._ask("sql", statement=statement, values=values)
        return rows[0][0] if rows else None

    def hold(self, statement: str, **values: Any) -> None:
        """Run a statement in a transaction that stays open until `release`."""
        self._ask("hold", statement=statement, values=values)

    def release(self) -> None:
        self._ask("release")

    def order(self, total_cents: int = 1000, customer_id: int = 1) -> int:
        return int(
            self.sql(
                "INSERT INTO orders (customer_id, total_cents, region)"
                " VALUES (:customer, :cents, 'eu-west') RETURNING id",
                customer=customer_id,
                cents=total_cents,
            )
        )

    def open(self, day: date, hour: int = 12) -> date:
        """Go to an hour of the day."""
        instant = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        self._ask("move_to", instant=instant.isoformat())
        return day

    def end(self, day: date) -> datetime:
        """Go to 02:00 of the next day, which is returned: the time of the nightly run."""
        self.open(day + timedelta(days=1), 2)
        return datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=1)

    def query(self, statement: str) -> list[dict[str, Any]]:
        """Read from BigQuery."""
        return [dict(row.items()) for row in self.warehouse.query_and_wait(statement)]

    def ledger(self, day: date) -> list[dict[str, Any]]:
        return self.query(f"SELECT * FROM load_ledger WHERE day = '{day}'")

    def sales(self, day: date) -> list[dict[str, Any]]:
        return self.query(f"SELECT order_count, gross_revenue FROM sales_daily WHERE day = '{day}'")

    def _ask(self, do: str, **members: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do} | members) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the stack has ended"
        return dict(json.loads(line))


@contextmanager
def shop_in(directory: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Shop]:
    """Run a stack on a directory of its own and yield its shop."""
    command = [_PYTHON, "-m", "tally_dag_testing.stack_process", str(directory)]
    settings = {"CLOSING_WAIT_S": "0.2", "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command,
        env={**environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            shop = Shop(process)
            yield shop
            shop.warehouse.close()  # type: ignore[no-untyped-call]
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _client(endpoints: Mapping[str, str]) -> bigquery.Client:
    dataset = bigquery.DatasetReference(endpoints["project"], endpoints["dataset"])
    return bigquery.Client(
        endpoints["project"],
        AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": endpoints["bigquery"]},
        default_query_job_config=bigquery.QueryJobConfig(default_dataset=dataset),
    )
