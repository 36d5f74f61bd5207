"""The one place where connections to Postgres are made."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from google.cloud.sql.connector import Connector, RefreshStrategy
from sqlalchemy import URL, Engine, create_engine, event, make_url

from orders.settings import DatabaseSettings

# Text that Postgres renders itself (COPY, json) must show UTC whatever the server's default is.
_SESSION = {"TimeZone": "UTC"}


@contextmanager
def database_engine(settings: DatabaseSettings) -> Iterator[Engine]:
    """Yield an engine on Cloud SQL (IAM authentication) or on a URL; nothing connects yet.

    All sessions are in UTC. The pool and the connector are closed on exit.
    """
    if settings.instance_connection_name is None:
        engine = _engine(settings, pg8000_url(settings.database_url.get_secret_value()))
        try:
            yield engine
        finally:
            engine.dispose()
        return
    # LAZY: Cloud Run throttles the CPU between requests, which starves a background refresh
    # (GoogleCloudPlatform/cloud-sql-python-connector #805, #1022).
    with Connector(
        ip_type=settings.db_ip_type, enable_iam_auth=True, refresh_strategy=RefreshStrategy.LAZY
    ) as connector:

        def connect() -> Any:
            return connector.connect(
                settings.instance_connection_name or "",
                "pg8000",
                user=settings.db_user,
                db=settings.db_name,
                timeout=settings.db_connect_timeout_s,
                startup_params=_SESSION,
            )

        engine = _engine(settings, URL.create("postgresql+pg8000"), creator=connect)
        try:
            yield engine
        finally:
            engine.dispose()


def pg8000_url(url: str) -> URL:
    """Read any spelling of a Postgres URL (`postgres://`, `postgresql://`) for pg8000.

    Raises:
        sqlalchemy.exc.ArgumentError: It is no URL.
    """
    return make_url(url).set(drivername="postgresql+pg8000")


def _engine(settings: DatabaseSettings, url: URL, **options: Any) -> Engine:
    if "creator" not in options:
        options["connect_args"] = {
            "timeout": settings.db_connect_timeout_s,
            "startup_params": _SESSION,
        }
    engine = create_engine(
        url,
        pool_size=settings.db_pool_size,
        max_overflow=0,
        pool_timeout=settings.db_pool_timeout_s,
        pool_pre_ping=True,
        **options,
    )
    event.listen(engine, "connect", _let_statements_run)
    return engine


def _let_statements_run(connection: Any, _record: object) -> None:
    """Lift the limit for connecting, which pg8000 leaves on every later read of the socket.

    A COPY may be silent for minutes. A peer that is gone is found by keepalive instead.
    """
    sock = connection._usock  # noqa: SLF001  pg8000 has no public way to its socket
    sock.settimeout(None)
    if hasattr(socket, "TCP_KEEPIDLE") and sock.family != getattr(socket, "AF_UNIX", None):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
