"""The housekeeping over HTTP: each part is done, whatever becomes of the others."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import Engine, make_url, text

from load_orders.app import Parts, build
from load_orders.handlers import handle_maintain
from load_orders.load import Load
from load_orders.maintain import KEPT_DAYS
from load_orders.stage import REUSED_DAYS
from orders.metrics.catalog import MAINTAIN_DELETED
from tally_local.ports import free_port
from tally_testing.metrics import RecordingMetrics
from tally_testing.partitions import set_clock
from tally_testing.shop import Shop
from tally_testing.waiting import wait_for, wait_until

NextDay = Callable[[], date]
MAIN = Path(__file__).parents[3] / "functions" / "load_orders" / "main.py"
KEYS = """
    INSERT INTO idempotency_keys (caller, key, fingerprint, answer, expires_at)
    SELECT 'alice', n, '', '{}', tally_now() + interval '90 minutes' - n * interval '1 hour'
    FROM generate_series(1, 4) AS n"""
NOTHING = {"deleted": 0, "more": False}


def served(parts: Parts) -> FlaskClient:
    app = Flask("function")
    app.add_url_rule(
        "/", "maintain", lambda: handle_maintain(request, lambda: parts), methods=["GET", "POST"]
    )
    return app.test_client()


@pytest.fixture
def client(parts: Parts) -> FlaskClient:
    return served(parts)


@pytest.fixture
def built(environment: dict[str, str]) -> Iterator[Callable[..., FlaskClient]]:
    """A client of a function whose environment differs in the given keys."""
    with ExitStack() as resources:
        yield lambda **keys: served(build(environment | keys, resources))


def done(client: FlaskClient) -> dict[str, Any]:
    answer = client.post("/", json={})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def staged_ago(shop: Shop, load: Load, days: int) -> None:
    moved = f"staged_on = DATE_SUB(staged_on, INTERVAL {days} DAY)"
    shop.parts.warehouse.rows(f"UPDATE orders_stage SET {moved} WHERE load_id = '{load.load_id}'")


def staged(shop: Shop) -> dict[str, int]:
    query = "SELECT load_id, COUNT(*) FROM orders_stage GROUP BY load_id"
    return {row[0]: row[1] for row in shop.parts.warehouse.rows(query)}


def test_it_says_what_each_part_has_done_and_repeated_does_nothing(
    client: FlaskClient, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text(KEYS))
    first = done(client)
    assert first["idempotency_keys"] == {"deleted": 3, "more": False}
    assert first["refresh_tokens"] == NOTHING
    assert first["orders_stage"]["deleted"] == 0
    second = done(client)
    assert second["partitions"] == {"made": [], "skipped": []}
    assert second["idempotency_keys"] == NOTHING
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM idempotency_keys")) == 1


@pytest.fixture
def loader_url(database_url: str, engine: Engine) -> Iterator[str]:
    """The database for a user who has the loader's role and no other right."""
    name = f"loader_{uuid4().hex}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN IN ROLE tally_loader")
    yield make_url(database_url).set(username=name).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {name}")


@pytest.mark.usefixtures("clock")
def test_the_loaders_role_is_enough(
    built: Callable[..., FlaskClient], engine: Engine, loader_url: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text(KEYS))
        made = "SELECT relname FROM pg_class WHERE relname ~ '^order_changes_20.._..$'"
        for name in connection.execute(text(made)).scalars().all():
            connection.execute(text(f"DROP TABLE {name}"))
    body = done(built(DATABASE_URL=loader_url))
    assert body["idempotency_keys"]["deleted"] == 3
    assert body["partitions"]["made"] == [
        "order_changes_2026_12", "order_changes_2027_01", "order_changes_2027_02",
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"1", b'{"days": 3}', b"\xff"])
def test_a_body_that_it_does_not_take_is_400_and_does_nothing(
    client: FlaskClient, engine: Engine, body: bytes
) -> None:
    with engine.begin() as connection:
        connection.execute(text(KEYS))
    answer = client.post("/", data=body)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.get_json(force=True)["errors"]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM idempotency_keys")) == 4


def test_only_post_is_taken(client: FlaskClient) -> None:
    assert client.get("/").status_code == 405


def incomplete(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    with caplog.at_level(logging.CRITICAL):
        answer = client.post("/", json={})
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]
    body: dict[str, Any] = answer.get_json(force=True)
    assert body["type"] == "/problems/maintenance-incomplete"
    assert all(f"{name}: {why}" in body["detail"] for name, why in body["failed"].items())
    return body


def test_without_bigquery_all_else_is_done_and_the_answer_says_so(
    built: Callable[..., FlaskClient], engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with engine.begin() as connection:
        connection.execute(text(KEYS))
    url = f"http://127.0.0.1:{free_port()}"
    body = incomplete(built(BIGQUERY_EMULATOR_HOST=url, BIGQUERY_TIMEOUT_S="1"), caplog)
    assert body["failed"].keys() == {"orders_stage"}
    assert "BigQuery" in body["failed"]["orders_stage"]
    assert body["done"]["idempotency_keys"] == {"deleted": 3, "more": False}


def test_without_postgres_the_stage_is_swept_and_the_answer_says_so(
    built: Callable[..., FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    away = built(DATABASE_URL=f"postgresql://x@127.0.0.1:{free_port()}/none")
    body = incomplete(away, caplog)
    assert body["failed"].keys() == {"partitions", "idempotency_keys", "refresh_tokens"}
    assert body["done"]["orders_stage"]["deleted"] == 0


def test_a_month_that_will_begin_without_its_partition_is_no_success(
    client: FlaskClient, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    set_clock(engine, datetime(2041, 11, 25, tzinfo=UTC))
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM order_changes"))
        body = incomplete(client, caplog)
    assert body["failed"].keys() == {"partitions"}
    assert "order_changes_2041_12 is not made: the change log" in body["failed"]["partitions"]
    assert body["done"].keys() == {"idempotency_keys", "refresh_tokens", "orders_stage"}


def test_what_is_staged_and_of_no_more_use_goes_and_a_load_that_waits_stays(
    client: FlaskClient, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    old = shop.load(next_day())
    shop.order()
    shop.order()
    waiting = shop.stage(next_day())
    staged_ago(shop, old, KEPT_DAYS + 1)
    staged_ago(shop, waiting, KEPT_DAYS)
    assert done(client)["orders_stage"]["deleted"] == 1
    assert staged(shop) == {waiting.load_id: 2}
    shop.publish(waiting)
    shop.reconcile()


def test_a_load_that_is_told_to_be_published_is_not_swept_for_two_days(
    client: FlaskClient, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    first = shop.stage(day := next_day())
    staged_ago(shop, first, REUSED_DAYS)
    assert shop.stage(day).load_id == first.load_id
    # What is a day older might be swept before it is published.
    staged_ago(shop, first, 1)
    second = shop.stage(day)
    assert second.load_id != first.load_id
    staged_ago(shop, second, 2)
    done(client)
    shop.publish(second)
    shop.reconcile()


def test_a_day_whose_stage_was_swept_is_staged_anew(
    client: FlaskClient, shop: Shop, next_day: NextDay
) -> None:
    shop.order()
    first = shop.load(day := next_day())
    staged_ago(shop, first, KEPT_DAYS + 1)
    assert done(client)["orders_stage"]["deleted"] == 1
    assert shop.load(day).load_id != first.load_id
    shop.reconcile()


def test_what_is_deleted_is_counted_and_handed_over(parts: Parts, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(KEYS))
    metrics = RecordingMetrics()
    done(served(parts._replace(metrics=metrics)))
    assert metrics.added == {(MAINTAIN_DELETED, ("idempotency_keys",)): 3}
    assert metrics.flushes == 1


@contextmanager
def function(environment: dict[str, str]) -> Iterator[tuple[str, Callable[[], None]]]:
    """The function under functions-framework; yields its URL and how to kill it."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "functions_framework", "--source", str(MAIN)]
    command += ["--target", "maintain_orders", "--host", "127.0.0.1", "--port", str(port)]
    # functions-framework serves from a worker of its own: one kill must end both.
    with subprocess.Popen(command, env=os.environ | environment, start_new_session=True) as process:

        def kill() -> None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        try:
            wait_for(url)
            yield url, kill
        finally:
            kill()


def waits_for_keys(engine: Engine) -> bool:
    query = (
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database() AND query LIKE '%delete_expired_idempotency_keys%'"
    )
    with engine.connect() as connection:
        return bool(connection.scalar(text(query)))


def test_killed_in_the_middle_it_is_done_by_the_next_run(
    environment: dict[str, str], engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text(KEYS))
    with function(environment) as (url, kill), engine.connect() as holder:
        holder.execute(text("LOCK TABLE idempotency_keys"))
        asked: list[BaseException] = []

        def ask() -> None:
            try:
                httpx.post(url, json={}, timeout=120)
            except httpx.TransportError as error:
                asked.append(error)

        asking = Thread(target=ask)
        asking.start()
        wait_until(lambda: waits_for_keys(engine), "the housekeeping is at the keys")
        kill()
        asking.join()
        assert asked
    with function(environment) as (url, _):
        answer = httpx.post(url, json={}, timeout=120)
    assert answer.status_code == 200, answer.text
    assert answer.json()["idempotency_keys"] == {"deleted": 3, "more": False}
