"""The API's image as Cloud Run runs it, beside a Postgres: from the migrations to an order."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import make_url, text

from orders.engine import database_engine
from orders.settings import DatabaseSettings
from tally_local.ports import free_port, in_use
from tally_testing.containers import Container, Engine
from tally_testing.containers.running import run_once
from tally_testing.raw_http import connected, read_answer
from tally_testing.scratch import outside_transactions
from tally_testing.waiting import wait_for, wait_until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

HOST_NETWORK = ("--network=host",)
ADMIN, PASSWORD = "ann@example.com", "correct horse battery staple"
ORDER = {"customer_id": 42, "total_cents": 1999}
LOCKED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""
# What Cloud Run and Terraform set.
PRODUCTION = {
    "K_SERVICE": "tally-api",
    "ALLOWED_HOSTS": "api.example.com",
    "PROXIES": "1",
    "JWT_KEYS": f"test:{uuid4().hex}",
}


@pytest.fixture(scope="module")
def database(engine: Engine, api_image: str) -> Iterator[str]:
    """A database that the image itself has migrated."""
    server, name = os.environ["TEST_DATABASE_URL"], f"tally_image_{uuid4().hex}"
    with outside_transactions(server) as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    env = {"DATABASE_URL": url}
    run_once(engine, api_image, "python", "-m", "orders.migrate", env=env, options=HOST_NETWORK)
    yield url
    with outside_transactions(server) as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def rows(database: str) -> Iterator[Database]:
    with database_engine(DatabaseSettings.model_validate({"database_url": database})) as rows:
        yield rows


@contextmanager
def serving(
    engine: Engine, image: str, database: str, **settings: str
) -> Iterator[tuple[Container, int]]:
    """Run the image on the network of this machine, where Postgres listens; yield its port."""
    port = free_port()
    env = {"DATABASE_URL": database, "PORT": port, **settings}
    with Container.running(engine, image, env=env, options=HOST_NETWORK) as container:
        wait_for(f"http://127.0.0.1:{port}/health/live", patience_s=60)
        yield container, port


def test_it_is_alive_as_nobody_on_a_read_only_root(
    engine: Engine, api_image: str, report: Callable[[str], None]
) -> None:
    port = free_port()
    published = (f"--publish=127.0.0.1:{port}:8080",)
    begun = time.monotonic()
    with Container.running(engine, api_image, env=PRODUCTION, options=published) as container:
        # Without a Postgres: a process that lives waits for it.
        wait_for(f"http://127.0.0.1:{port}/health/live", patience_s=60)
        report(f"API image: answers {time.monotonic() - begun:.1f} s after the engine was asked")
        live = httpx.get(f"http://127.0.0.1:{port}/health/live")
        assert (live.status_code, live.json()) == (200, {"status": "ok"})
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=30).status_code == 503
        assert container.is_healthy()
        assert container.exec("id", "-u").strip() == "10001"
        with pytest.raises(RuntimeError, match="Read-only file system"):
            container.exec("sh", "-c", "touch /app/changed")


def test_wrong_settings_end_it_with_the_reason(engine: Engine, api_image: str) -> None:
    with pytest.raises(RuntimeError, match=r"ended with 2:[^$]*JWT_KEYS"):
        run_once(engine, api_image, env={"K_SERVICE": "tally-api", "ALLOWED_HOSTS": "a.example"})


def test_an_admin_is_made_and_creates_an_order(
    engine: Engine, api_image: str, database: str, rows: Database
) -> None:
    command = ["python", "-m", "orders_api.create_admin", "--email", ADMIN]
    env = {"DATABASE_URL": database, "ADMIN_PASSWORD": PASSWORD}
    made = run_once(engine, api_image, *command, env=env, options=HOST_NETWORK)
    assert f"{ADMIN}, is an admin" in made
    with serving(engine, api_image, database, **PRODUCTION) as (container, port):
        headers = {"Host": "api.example.com"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            assert client.get("/health/ready").status_code == 200
            assert client.post("/orders", json=ORDER).status_code == 401
            form = {"grant_type": "password", "username": ADMIN, "password": PASSWORD}
            token = client.post("/auth/token", data=form).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            created = client.post("/orders", json=ORDER)
            assert created.status_code == 201
            exported = client.get("/orders:export", params={"format": "parquet"})
            assert exported.content[:4] == exported.content[-4:] == b"PAR1"
        lines = [json.loads(line) for line in container.logs().splitlines()]
        assert "/orders" in {line.get("route") for line in lines}
    with rows.connect() as connection:
        query = text("SELECT total_cents FROM orders WHERE id = :id")
        assert connection.scalar(query, {"id": created.json()["id"]}) == ORDER["total_cents"]


def test_migrating_again_changes_nothing(
    engine: Engine, api_image: str, database: str, rows: Database
) -> None:
    query = text("SELECT count(*) FROM pg_class")
    with rows.connect() as connection:
        before = connection.scalar(query)
    env = {"DATABASE_URL": database}
    run_once(engine, api_image, "python", "-m", "orders.migrate", env=env, options=HOST_NETWORK)
    with rows.connect() as connection:
        assert connection.scalar(query) == before


def test_what_runs_is_answered_after_sigterm_and_it_ends_in_time(
    engine: Engine, api_image: str, database: str, rows: Database
) -> None:
    body = json.dumps(ORDER).encode()
    head = f"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    post = head.encode() + b"Content-Type: application/json\r\n\r\n" + body

    def one_waits() -> bool:
        with rows.connect() as connection:
            return bool(connection.scalar(text(LOCKED)) == 1)

    with serving(engine, api_image, database, AUTH="loopback") as (container, port):
        with connected(port) as sock:
            with rows.begin() as connection:
                connection.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
                sock.sendall(post)
                wait_until(one_waits, "the order waits for the lock")
                # As Cloud Run does it: SIGTERM, and SIGKILL after ten seconds.
                stop = [*engine.command, "stop", "-t", "10", container.name]
                stopping = subprocess.Popen(stop, stdout=subprocess.DEVNULL)
                wait_until(lambda: not in_use(port), "it takes no more connections")
            assert read_answer(sock).status == 201
        assert stopping.wait(timeout=60) == 0
        # It would be 137, had it been killed.
        assert container.exit_code() == 0
