import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import google.cloud.sql.connector
import pg8000.dbapi
import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from orders.engine import database_engine, pg8000_url
from orders.settings import DatabaseSettings
from tally_testing.tcp_proxy import Direction, Link, tcp_proxy


def settings(**values: object) -> DatabaseSettings:
    return DatabaseSettings.model_validate(values)


def test_sessions_are_in_utc_whatever_the_database_says(engine: Engine) -> None:
    with engine.connect() as connection:
        database = connection.scalar(text("SELECT current_database()"))
        connection.exec_driver_sql(f"ALTER DATABASE \"{database}\" SET timezone = 'Asia/Tokyo'")
        connection.commit()
    engine.dispose()
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW timezone")) == "UTC"


def test_a_statement_may_take_longer_than_connecting_may(database_url: str) -> None:
    with (
        database_engine(settings(database_url=database_url, db_connect_timeout_s=0.5)) as engine,
        engine.connect() as connection,
    ):
        assert connection.scalar(text("SELECT 1 FROM pg_sleep(1)")) == 1


def test_a_statement_that_takes_too_long_is_ended(database_url: str) -> None:
    with (
        database_engine(settings(database_url=database_url, db_statement_timeout_s=0.2)) as engine,
        engine.connect() as connection,
        pytest.raises(DBAPIError, match="statement timeout"),
    ):
        connection.execute(text("SELECT pg_sleep(60)"))


def test_an_error_does_not_tell_what_a_statement_was_given(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(DBAPIError) as failed:
        connection.execute(text("SELECT FROM nowhere WHERE name = :name"), {"name": "Ada"})
    assert "Ada" not in str(failed.value)


def test_a_peer_that_is_gone_is_found_by_keepalive(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        sock = driver._usock
        assert sock.gettimeout() is None
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


def test_the_server_is_asked_to_look_for_a_client_that_is_gone(engine: Engine) -> None:
    expected = {
        "idle_in_transaction_session_timeout": "1min",
        "tcp_keepalives_idle": "15",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    }
    with engine.connect() as connection:
        assert {key: connection.scalar(text(f"SHOW {key}")) for key in expected} == expected


def test_a_transaction_that_lies_idle_for_too_long_is_ended_and_its_locks_are_free(
    database_url: str, engine: Engine
) -> None:
    impatient = settings(database_url=database_url, db_idle_in_transaction_s=0.05)
    with database_engine(impatient) as frozen, frozen.connect() as connection:
        connection.exec_driver_sql("LOCK TABLE items")
        with engine.begin() as other:
            other.exec_driver_sql("LOCK TABLE items")
        # pg8000 lets the reset of a connection through as the OSError that it is.
        with pytest.raises((DBAPIError, OSError)):
            connection.exec_driver_sql("SELECT 1")
        connection.invalidate()


def test_nothing_connects_before_the_first_use() -> None:
    with database_engine(settings(database_url="postgresql://x@127.0.0.1:1/none")) as engine:
        assert "Connections in pool: 0" in engine.pool.status()


def test_a_server_that_does_not_answer_is_given_up_on() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/none"
        with (
            database_engine(settings(database_url=url, db_connect_timeout_s=0.2)) as engine,
            pytest.raises(DBAPIError),
        ):
            engine.connect()


def test_a_connection_that_is_reset_while_it_is_tried_is_made_anew(database_url: str) -> None:
    with tcp_proxy(database_url) as proxy:
        forward = proxy.watch

        def cut_once(link: Link, _direction: Direction, _data: bytes) -> None:
            proxy.watch = forward
            link.cut("reset")

        with database_engine(settings(database_url=proxy.url)) as engine:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            proxy.watch = cut_once
            with engine.connect() as connection:
                assert connection.scalar(text("SELECT 1")) == 1
                assert proxy.cuts == 1


def test_a_pool_that_is_empty_is_waited_for_and_then_refused(database_url: str) -> None:
    small = settings(database_url=database_url, db_pool_size=1, db_pool_timeout_s=0.1)
    with (
        database_engine(small) as engine,
        engine.connect(),
        pytest.raises(PoolTimeoutError),
    ):
        engine.connect()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("instance_connection_name", "no-colons"),
        ("db_ip_type", "somewhere"),
        ("db_pool_size", 0),
        ("db_pool_timeout_s", -1),
        ("db_idle_in_transaction_s", 0),
    ],
)
def test_a_wrong_setting_names_itself(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        settings(**{key: value})


def test_a_password_does_not_show() -> None:
    secret = settings(database_url="postgresql://tally:hunter2@db/tally")
    assert "hunter2" not in repr(secret)


def test_an_instance_name_leads_through_the_cloud_sql_connector(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connector is the one part that cannot run here: a fake at its seam, Postgres behind."""
    made: list[dict[str, Any]] = []
    connected: list[tuple[str, str, dict[str, Any]]] = []

    class Connector:
        def connect(self, instance: str, driver: str, **options: Any) -> Any:
            connected.append((instance, driver, options))
            there = pg8000_url(database_url)
            return pg8000.dbapi.connect(**there.translate_connect_args(username="user"))

    @contextmanager
    def connector(**options: Any) -> Iterator[Connector]:
        made.append(options)
        yield Connector()

    monkeypatch.setattr(google.cloud.sql.connector, "Connector", connector)
    cloud = settings(instance_connection_name="shop:europe-west1:orders", db_user="api@shop.iam")
    with database_engine(cloud) as engine, engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    instance, driver, options = connected[0]
    assert (instance, driver) == ("shop:europe-west1:orders", "pg8000")
    assert options["user"] == "api@shop.iam"
    assert options["startup_params"]["TimeZone"] == "UTC"
    assert options["startup_params"]["idle_in_transaction_session_timeout"] == "60000"
    assert made[0]["enable_iam_auth"] is True
    assert made[0]["refresh_strategy"].name == "LAZY"
    assert made[0]["ip_type"] == "private"
