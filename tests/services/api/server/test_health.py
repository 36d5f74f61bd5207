"""Probes: however many ask, and whatever the database does, they cost the others nothing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from sqlalchemy import Engine, text

from orders_api.settings import Settings

PROBES = 60


def test_all_three_say_that_all_is_well(api: httpx.Client) -> None:
    for probe in ("startup", "live", "ready"):
        assert api.get(f"/health/{probe}").json() == {"status": "ok"}


def test_probes_that_wait_for_the_database_share_one_connection(
    database_url: str, engine: Engine, serve: Any, problem: Any
) -> None:
    values = {"database_url": database_url, "db_pool_size": 2, "ready_timeout_s": 0.3}
    with serve(Settings.model_validate(values)) as client, ThreadPoolExecutor(PROBES) as pool:
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))
            for answer in list(pool.map(client.get, ["/health/ready"] * PROBES)):
                assert "0.3 s" in problem(answer)["detail"]
            # More than the pool has have asked, and it serves others.
            assert client.get("/items").status_code == 200
        assert client.get("/orders").status_code == 200
        assert client.get("/health/ready").status_code == 200


def test_a_database_that_came_back_is_seen_at_the_next_probe(
    database_url: str, engine: Engine, serve: Any
) -> None:
    with serve(Settings.model_validate({"database_url": database_url})) as client:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE orders RENAME TO elsewhere"))
        assert client.get("/health/ready").status_code == 503
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO orders"))
        assert client.get("/health/ready").status_code == 200
