"""The server: what it is told, and how it ends."""

import asyncio
import logging
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from orders_api import logs
from orders_api.middleware import RunningRequests
from orders_api.server.protocol import Protocol
from orders_api.server.socket_protocol import SocketProtocol
from orders_api.settings import Settings

_log = logging.getLogger(__name__)
_ALL_ADDRESSES: Final = "0.0.0.0"  # noqa: S104  so Cloud Run asks for it
_THIS_MACHINE: Final = "127.0.0.1"
_MOST_OF_A_MESSAGE: Final = 4_096
# Of ticks of 0.1 s.
_CHECK_EVERY: Final = 5
# After the last request was cut off: for clients to take its answer, for it to end, and for all
# that was opened to be closed.
_TAKE_S: Final = 0.3
_END_S: Final = 0.5
_LEAVE_S: Final = 1.0


def server_config(app: ASGIApp, settings: Settings, **options: Any) -> uvicorn.Config:
    """Return what uvicorn is told; `options` are more of its own."""
    everywhere = settings.k_service is not None
    return uvicorn.Config(
        app,
        host=settings.host or (_ALL_ADDRESSES if everywhere else _THIS_MACHINE),
        port=settings.port,
        http=Protocol,
        ws=SocketProtocol,
        ws_max_size=_MOST_OF_A_MESSAGE,
        # A socket that is as slow as its client may be must not be taken for a dead one.
        ws_ping_timeout=settings.events_stall_s,
        # It would take memory for each client, and compress for each what is the same for all.
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        server_header=False,
        # Who is behind a proxy is settled where rates are limited.
        proxy_headers=False,
        # uvicorn asks for whole seconds, and takes any.
        timeout_graceful_shutdown=settings.drain_s + _END_S,  # type: ignore[arg-type]
        **{"log_config": None} | options,
    )


class Server(uvicorn.Server):
    """Serves an application whose lifespan yields `settings` and `running`.

    It ends within `drain_s` and a second of a signal: it takes no more connections, answers what
    runs and what open connections still ask for, answers 503 to what runs at `drain_s`, and breaks
    off what clients have not taken soon after.
    """

    async def on_tick(self, counter: int) -> bool:
        """Look after the connections, besides what uvicorn does ten times a second."""
        if counter % _CHECK_EVERY == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, (Protocol, SocketProtocol)):
                    connection.check_time(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, at most within the time there is."""
        state = self.lifespan.state
        running: RunningRequests = state["running"]
        settings: Settings = state["settings"]
        running.drain(settings.drain_s)
        loop = asyncio.get_running_loop()
        breaking = loop.call_later(settings.drain_s + _TAKE_S, self._break_off)
        try:
            async with asyncio.timeout(settings.drain_s + _LEAVE_S):
                await super().shutdown(sockets)
        except TimeoutError:
            _log.error("the service ends though not all that it began is done")
        finally:
            breaking.cancel()

    def _break_off(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Let signals end the server, and then the process: it dies of them, logs written."""
        with super().capture_signals():
            try:
                yield
            finally:
                logs.flush()
