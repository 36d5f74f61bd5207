"""What a caller is told when a transaction of the pool is lost: at its COMMIT, or before."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from orders.engine import database_engine
from orders.problems import Unavailable
from orders_api.clients.database import Database
from orders_api.settings import Settings

# Postgres ends the session that commits a change, as when it is shut down at that moment.
LOST_AT_COMMIT = """
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER lose AFTER INSERT OR UPDATE OR DELETE ON orders
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lose();
    CREATE CONSTRAINT TRIGGER lose AFTER INSERT OR UPDATE OR DELETE ON items
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lose()"""

ITEM = {"name": "Cup", "price": 1}
ROW = '{"customer_id": 42, "total_cents": 1999}\n'


def imported(api: httpx.Client, **headers: str) -> httpx.Response:
    content_type = {"Content-Type": "application/x-ndjson"}
    return api.post("/orders:import", content=ROW, headers=content_type | headers)


def test_a_commit_that_is_lost_without_a_key_is_to_be_looked_for(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    order = fresh.post("/orders", json={"customer_id": 1, "total_cents": 1}).headers["location"]
    item = fresh.post("/items", json=ITEM).headers["location"]
    with engine.begin() as connection:
        connection.execute(text(LOST_AT_COMMIT))
    for answer in (
        imported(fresh),
        fresh.delete(order, headers={"If-Match": "*"}),
        fresh.post("/items", json=ITEM),
        fresh.put(item, json=ITEM),
        fresh.patch(item, json={"price": 2}),
        fresh.delete(item),
    ):
        assert problem(answer)["detail"] == (
            "The database was lost while it committed, so the outcome is not known; look before"
            " you repeat."
        )


def test_an_import_with_a_key_whose_commit_is_lost_is_to_be_repeated_with_it(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    with engine.begin() as connection:
        connection.execute(text(LOST_AT_COMMIT))
    detail = problem(imported(fresh, **{"Idempotency-Key": "k-1"}))["detail"]
    assert "the outcome is not known" in detail
    assert "with the same Idempotency-Key" in detail


@pytest.fixture
def frozen(database_url: str, engine: Engine) -> Any:
    """Runs work on a transaction that was idle for too long, which Postgres has ended."""
    settings = {"database_url": database_url, "db_idle_in_transaction_s": 0.05}

    def run(work: str | None) -> None:
        with (
            database_engine(Settings.model_validate(settings)) as impatient,
            Database(impatient).transaction() as connection,
        ):
            connection.execute(text("LOCK TABLE items"))
            with engine.begin() as other:
                other.execute(text("LOCK TABLE items"))
            if work is not None:
                connection.execute(text(work))

    return run


def test_a_transaction_that_postgres_ended_has_written_nothing(frozen: Any) -> None:
    with pytest.raises(Unavailable, match="nothing was written"):
        frozen("SELECT 1")


def test_of_a_transaction_that_was_gone_when_it_was_to_be_committed_the_outcome_is_not_known(
    frozen: Any,
) -> None:
    with pytest.raises(Unavailable, match="the outcome is not known"):
        frozen(None)


def test_a_pool_without_a_connection_has_written_nothing(database_url: str) -> None:
    one = {"database_url": database_url, "db_pool_size": 1, "db_pool_timeout_s": 0.01}
    with (
        database_engine(Settings.model_validate(one)) as engine,
        engine.connect(),
        pytest.raises(Unavailable, match="busy; nothing was written"),
    ):
        Database(engine).check()


def test_a_database_that_cannot_be_reached_has_written_nothing() -> None:
    away = {"database_url": "postgresql://x@127.0.0.1:1/none"}
    with (
        database_engine(Settings.model_validate(away)) as engine,
        pytest.raises(Unavailable, match="reached; nothing was written"),
    ):
        Database(engine).check()
