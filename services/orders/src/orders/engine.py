"""The one place where connections to Postgres are made."""

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pg8000.dbapi
from sqlalchemy import URL, Engine, create_engine, make_url

from orders.settings import DatabaseSettings

if TYPE_CHECKING:
    from google.cloud.sql.connector import Connector

# Of keepalive, seconds: silence before the first probe, and between two.
_KEEPALIVE_IDLE_S, _KEEPALIVE_INTERVAL_S, _KEEPALIVE_COUNT = 15, 5, 3
# Postgres's protocol: 8 bytes, of which the second four are this number.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


Connect = Callable[[], Any]
"""Makes a pg8000 connection (DB-API), or raises one of `pg8000.dbapi.Error`."""


@contextmanager
def database_engine(settings: DatabaseSettings) -> Iterator[Engine]:
    """Yield an engine on Cloud SQL (IAM authentication) or on a URL; nothing connects yet.

    All sessions are in UTC, and none outlives a process that is gone for long. Whatever keeps a
    connection from being made is raised as `sqlalchemy.exc.DBAPIError`. The pool and the connector
    are closed on exit.
    """
    with database_connect(settings) as connect, pooled_engine(connect, settings) as engine:
        yield engine


@contextmanager
def database_connect(settings: DatabaseSettings) -> Iterator[Connect]:
    """Yield what makes single connections to the database; the connector is closed on exit."""
    with ExitStack() as resources:
        connect = _connect_by_url(settings)
        if settings.instance_connection_name is not None:
            connector = resources.enter_context(_connector(settings))
            connect = partial(_connect_to_instance, connector, settings)
        yield partial(_connection, connect)


@contextmanager
def pooled_engine(connect: Connect, settings: DatabaseSettings) -> Iterator[Engine]:
    """Yield an engine whose pool is filled by `connect`; the pool is closed on exit."""
    engine = create_engine(
        URL.create("postgresql+pg8000"),
        creator=connect,
        pool_size=settings.db_pool_size,
        max_overflow=0,
        pool_timeout=settings.db_pool_timeout_s,
        pool_pre_ping=True,
        # Errors are logged, and what people are called is none of the log's business.
        hide_parameters=True,
    )
    _ping_survives_resets(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def _ping_survives_resets(engine: Engine) -> None:
    """Let the pool replace a connection that was reset, as it does one that was closed.

    pg8000 raises what the socket does when it reads, and SQLAlchemy knows errors of pg8000 only.
    """
    ping = engine.dialect.do_ping

    def do_ping(connection: Any) -> bool:
        try:
            return ping(connection)
        except OSError as error:
            raise pg8000.dbapi.InterfaceError("network error") from error

    engine.dialect.do_ping = do_ping  # type: ignore[assignment]


def limit_silence(connection: Any, seconds: float) -> None:
    """Let the server be silent for so long on a pg8000 connection, then raise InterfaceError."""
    connection._usock.settimeout(seconds)  # noqa: SLF001  pg8000 has no public way to its socket


def pg8000_url(url: str) -> URL:
    """Read any spelling of a Postgres URL (`postgres://`, `postgresql://`) for pg8000.

    Raises:
        sqlalchemy.exc.ArgumentError: It is no URL.
    """
    return make_url(url).set(drivername="postgresql+pg8000")


def _session(settings: DatabaseSettings) -> dict[str, str]:
    """Return the parameters of a session.

    Without the time-outs the server keeps the locks of a client that vanished for two hours.
    Probes do not reach a client behind a proxy, such as Cloud SQL's; on a Unix socket there are
    none.
    """
    limits = {}
    if settings.db_statement_timeout_s is not None:
        limits["statement_timeout"] = f"{round(settings.db_statement_timeout_s * 1000)}"
    if settings.db_notifies:
        limits["tally.notify"] = "on"
    return limits | {
        # Text that Postgres renders itself (COPY, json) must show UTC whatever the server's
        # default is.
        "TimeZone": "UTC",
        "idle_in_transaction_session_timeout": f"{round(settings.db_idle_in_transaction_s * 1000)}",
        "tcp_keepalives_idle": str(_KEEPALIVE_IDLE_S),
        "tcp_keepalives_interval": str(_KEEPALIVE_INTERVAL_S),
        "tcp_keepalives_count": str(_KEEPALIVE_COUNT),
    }


def _connect_by_url(settings: DatabaseSettings) -> Connect:
    url = pg8000_url(settings.database_url.get_secret_value())
    options: dict[str, Any] = {
        **url.translate_connect_args(username="user"),
        **url.query,
        "startup_params": _session(settings),
    }
    timeout_s = settings.db_connect_timeout_s
    if "unix_sock" in options:
        return partial(pg8000.dbapi.connect, **options, timeout=timeout_s)
    return partial(_connect_by_tcp, timeout_s, **options)


def _connect_by_tcp(
    timeout_s: float, *, host: str = "127.0.0.1", port: int = 5432, **options: Any
) -> Any:
    sock = socket.create_connection((host, port), timeout_s)
    try:
        sock = _encrypted_where_offered(sock, host)
        return pg8000.dbapi.connect(host=host, port=port, sock=sock, ssl_context=False, **options)
    except BaseException:
        # pg8000 leaves the socket of an attempt that failed to the garbage collector.
        sock.close()
        raise


def _encrypted_where_offered(sock: socket.socket, host: str) -> socket.socket:
    """Ask for TLS as pg8000 does, which makes its context, 25 ms of work, for each connection."""
    sock.sendall(_SSL_REQUEST)
    if sock.recv(1) != b"S":
        return sock
    return _tls().wrap_socket(sock, server_hostname=host)


@cache
def _tls() -> ssl.SSLContext:
    """Return what encrypts, and checks no certificate: a URL's server has one of its own making."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _connector(settings: DatabaseSettings) -> "Connector":
    # Over a second to import, which a process that connects by URL need not spend.
    from google.cloud.sql.connector import Connector, RefreshStrategy  # noqa: PLC0415

    # LAZY: Cloud Run throttles the CPU between requests, which starves a background refresh
    # (GoogleCloudPlatform/cloud-sql-python-connector #805, #1022).
    return Connector(
        ip_type=settings.db_ip_type, enable_iam_auth=True, refresh_strategy=RefreshStrategy.LAZY
    )


def _connect_to_instance(connector: "Connector", settings: DatabaseSettings) -> Any:
    return connector.connect(
        settings.instance_connection_name or "",
        "pg8000",
        user=settings.db_user,
        db=settings.db_name,
        timeout=settings.db_connect_timeout_s,
        startup_params=_session(settings),
    )


def _connection(connect: Connect) -> Any:
    try:
        connection = connect()
    except pg8000.dbapi.Error:
        raise
    except Exception as error:
        # Time-outs, the connector's own and its HTTP client's errors: none is known to SQLAlchemy.
        raise pg8000.dbapi.InterfaceError(f"no connection to Postgres: {error!r}") from error
    _let_statements_run(connection)
    return connection


def _let_statements_run(connection: Any) -> None:
    """Lift the limit for connecting, which pg8000 leaves on every later read of the socket.

    A COPY may be silent for minutes. A peer that is gone is found by keepalive instead.
    """
    sock = connection._usock  # noqa: SLF001  pg8000 has no public way to its socket
    sock.settimeout(None)
    if sock.family == getattr(socket, "AF_UNIX", None):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_INTERVAL_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_COUNT)
    # A statement over 8 KiB leaves in pieces; Nagle's algorithm would hold the last for 40 ms.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
