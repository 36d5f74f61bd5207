"""One body for every error, and what each kind of problem means."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders_api.problems import KINDS
from orders_api.settings import Settings
from tally_local.ports import free_port

END_WAITERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


def test_an_unknown_path_is_not_found(api: httpx.Client, problem: Any) -> None:
    for path in ("/nothing", "/orders/", "/items/", "/orders/1/histories", "/%00", "/orders/1/"):
        assert problem(api.get(path))["type"] == "/problems/not-found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/orders", "GET, POST, HEAD, OPTIONS"),
        ("POST", "/orders/1", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("GET", "/orders:import", "POST, OPTIONS"),
        ("POST", "/items/1", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("DELETE", "/", "GET, HEAD, OPTIONS"),
        ("PUT", "/orders/events", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/orders/events", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    api: httpx.Client, problem: Any, method: str, path: str, allowed: str
) -> None:
    response = api.request(method, path)
    assert problem(response)["type"] == "/problems/method-not-allowed"
    assert response.headers["allow"] == allowed
    options = api.options(path)
    assert (options.status_code, options.headers["allow"]) == (204, allowed)


def test_head_is_get_without_its_body(api: httpx.Client) -> None:
    for path in ("/", "/orders", "/items", "/health/live", "/orders/999999999999"):
        get, head = api.get(path), api.head(path)
        assert head.status_code == get.status_code
        assert head.headers["content-length"] == get.headers["content-length"]
        assert head.content == b""


def test_the_type_of_every_problem_explains_itself(api: httpx.Client, problem: Any) -> None:
    listed = {kind["type"]: kind for kind in api.get("/problems").json()}
    assert set(listed) == {f"/problems/{slug}" for slug in KINDS}
    for path, kind in listed.items():
        assert api.get(path).json() == kind
        assert kind["explanation"]
    assert problem(api.get("/problems/unheard-of"))["status"] == 404


def test_the_front_door_leads_on(api: httpx.Client) -> None:
    home = api.get("/").json()
    assert home["service"] == "Tally orders API"
    for name in ("docs", "reference", "openapi", "health", "problems"):
        assert api.get(home[name]).status_code == 200, name


def test_with_its_database_it_is_ready(api: httpx.Client) -> None:
    assert api.get("/health/ready").json() == {"status": "ok"}


def test_without_a_database_it_lives_but_is_not_ready(serve: Any, problem: Any) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    with serve(Settings.model_validate({"database_url": url})) as client:
        assert client.get("/health/live").json() == {"status": "ok"}
        for method, path in (
            ("GET", "/health/ready"),
            ("GET", "/orders"),
            ("DELETE", "/orders/1"),
            ("POST", "/orders:import"),
        ):
            headers = {"content-type": "text/csv", "if-match": "*"}
            response = client.request(method, path, headers=headers)
            assert problem(response)["type"] == "/problems/unavailable"
            assert int(response.headers["retry-after"]) > 0


def test_a_database_that_is_not_there_or_not_migrated_is_not_ready(
    database_url: str, engine: Engine, serve: Any, problem: Any
) -> None:
    missing = Settings.model_validate({"database_url": f"{database_url}_missing"})
    with serve(missing) as client:
        assert "let this service in" in problem(client.get("/health/ready"))["detail"]
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE orders RENAME TO elsewhere"))
    with serve(Settings.model_validate({"database_url": database_url})) as client:
        assert "not migrated" in problem(client.get("/health/ready"))["detail"]


def test_a_database_that_does_not_answer_in_time_is_not_ready(
    database_url: str, engine: Engine, serve: Any, problem: Any
) -> None:
    settings = Settings.model_validate({"database_url": database_url, "ready_timeout_s": 0.1})
    with serve(settings) as client, engine.begin() as connection:
        connection.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
        assert "0.1 s" in problem(client.get("/health/ready"))["detail"]
        assert client.get("/health/live").status_code == 200


def test_when_every_connection_is_busy_the_caller_is_told_to_come_back(
    database_url: str, engine: Engine, serve: Any, problem: Any
) -> None:
    settings = Settings.model_validate(
        {
            "database_url": database_url,
            "db_pool_size": 1,
            "db_pool_timeout_s": 0.1,
            "ready_timeout_s": 0.1,
        }
    )
    with serve(settings) as client, engine.begin() as connection:
        connection.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
        problem(client.get("/health/ready"))
        found = problem(client.get("/items"))
        assert found["type"] == "/problems/unavailable"
        assert "busy" in found["detail"]


def test_connections_that_the_server_ended_are_made_anew(
    fresh: httpx.Client, engine: Engine
) -> None:
    assert fresh.get("/orders").status_code == 200
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert fresh.get("/orders").status_code == 200


def test_a_request_whose_connection_is_ended_is_told_to_come_back(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    with ThreadPoolExecutor(1) as caller, engine.begin() as connection:
        connection.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
        answer = caller.submit(fresh.get, "/orders")
        ended = 0
        while not ended and not answer.done():
            # A transaction sees one state of pg_stat_activity: a new one for each look.
            with engine.begin() as watcher:
                ended = watcher.execute(text(END_WAITERS)).scalar_one()
    assert problem(answer.result())["type"] == "/problems/unavailable"


def test_a_request_that_postgres_gives_up_is_told_to_come_back_soon(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    with engine.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f'ALTER DATABASE "{name}" SET lock_timeout = 10'))
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
        response = fresh.get("/orders")
    assert problem(response)["type"] == "/problems/unavailable"
    assert response.headers["retry-after"] == "1"


def test_an_unexpected_failure_tells_its_request_id_and_nothing_inside(
    fresh: httpx.Client, engine: Engine, problem: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE items RENAME COLUMN name TO secret_name"))
    response = fresh.get("/items", headers={"X-Request-Id": "the-one"})
    found = problem(response)
    assert (found["type"], found["request_id"]) == ("/problems/internal", "the-one")
    assert "secret" not in response.text
    assert "name" not in found["detail"]
    assert any("the-one" in record.getMessage() for record in caplog.records)


def test_what_only_a_constraint_of_the_database_catches_is_unprocessable(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("ALTER TABLE orders ADD CONSTRAINT orders_no_thirteen CHECK (customer_id <> 13)")
        )
    order = {"customer_id": 13, "total_cents": 1}
    found = problem(fresh.post("/orders", json=order))
    assert found["type"] == "/problems/validation"
    assert "orders_no_thirteen" in found["detail"]
    headers = {"content-type": "text/csv"}
    content = "customer_id,total_cents\n12,1\n13,1\n"
    imported = fresh.post("/orders:import", content=content, headers=headers)
    assert "orders_no_thirteen" in problem(imported)["detail"]
    assert fresh.get("/orders").json()["orders"] == []
