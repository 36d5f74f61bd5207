"""HTTP/1.1 with limits on what a connection may cost before and while its request arrives."""

import asyncio
import logging
from typing import Any, Final, cast

import httptools
from uvicorn import Config
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from orders.problems import Problem
from orders_api.server.heads import check_head
from orders_api.server.lingering import LingeringTransport
from orders_api.server.output import Output
from orders_api.server.refusals import INVALID, TOO_LARGE, TOO_SLOW, refusal
from orders_api.server.socket_protocol import SOCKETS, UNREAD_S
from orders_api.settings import Settings

_log = logging.getLogger(__name__)
_MAX_HEAD: Final = 2**16
_LAST_CALL_S: Final = 1.0
# Requests that may wait for the answer of an earlier one; each takes kilobytes.
_MOST_WAITING: Final = 16


class Protocol(HttpToolsProtocol):
    """One connection. It answers 408, 431 and 400 itself, for no route can.

    `scope["state"]` has `receiving` while the body is to come, and `stalled` once it has paused
    for too long; `drop` ends an answer that nobody takes; `reset` ends the connection so that its
    peer sees an error. The server calls `check_time` now and then: timers would cost every request.
    """

    # `cycle` is the request that came last, this the one that is being answered.
    _answering: RequestResponseCycle
    transport: LingeringTransport  # type: ignore[assignment]  # in the place of asyncio's

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        settings: Settings = app_state["settings"]
        self._header_timeout_s = settings.header_timeout_s
        self._receive_timeout_s = settings.receive_timeout_s
        self._output = Output(settings)
        self._heard = 0.0
        self._head_since: float | None = None
        self._receiving = False
        # Bytes in a row that are no body: of a head, or between and after chunks.
        self._unread = 0
        self._broken = self._draining = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Begin."""
        self._heard = self._head_since = self.loop.time()
        lingering = LingeringTransport(transport, self._is_sending, self.loop)
        super().connection_made(cast("asyncio.Transport", lingering))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application."""
        self._disconnect()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if self.transport.lingers:
            self.transport.drop(data)
            return
        if self._broken:
            return
        self._heard = self.loop.time()
        self._unread += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                # Not taken, as a server may; the parser reads no further request.
                self.cycle.keep_alive = False
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, Problem):
                self._refuse(error.__context__)
            else:
                self._refuse(TOO_LARGE if self._unread > _MAX_HEAD else INVALID)
        else:
            if self._unread > _MAX_HEAD:
                self._refuse(TOO_LARGE)
            elif self._head_since is None and self._is_idle():
                self._head_since = self._heard

    def on_message_begin(self) -> None:
        """Note when a head begins."""
        super().on_message_begin()
        self._head_since = self._heard

    def on_headers_complete(self) -> None:
        """Let the application answer, if the head is not too large."""
        if self._unread > _MAX_HEAD and self._head_size() > _MAX_HEAD:
            raise ValueError("too large a head")
        if len(self.pipeline) >= _MOST_WAITING:
            raise ValueError("too many requests at once")
        check_head(self.parser.get_http_version(), self.headers)
        self._unread = 0
        self._head_since = None
        self._receiving = True
        self.scope["state"]["receiving"] = True
        self.scope["state"]["reset"] = self.reset
        self.scope["state"]["drop"] = self.drop
        super().on_headers_complete()
        if self._draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request has arrived."""
        self._unread = 0
        self._receiving = False
        self.scope["state"].pop("receiving", None)
        super().on_message_complete()

    def drop(self, last: bytes) -> None:
        """End an answer that its client does not take; it reads these bytes if it ever goes on."""
        if self._answering.chunked_encoding:
            last = b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last)
        self._disconnect()
        self.transport.write(last)
        self.transport.close()
        self.loop.call_later(UNREAD_S, self.transport.abort)

    def reset(self) -> None:
        """Break the connection off; what was not sent is thrown away."""
        self._disconnect()
        self.transport.abort()

    def shutdown(self) -> None:
        """Answer what is asked; close an idle connection when it had a last chance to ask."""
        self._draining = True
        if self._is_idle():
            self.loop.call_later(_LAST_CALL_S, self._close_idle)
        else:
            self.cycle.keep_alive = False

    def resume_writing(self) -> None:
        """Go on, for the client has taken something."""
        self._output.taken(self.loop.time())
        super().resume_writing()

    def check_time(self, now: float) -> None:
        """End what is too slow; `now` is the time of the event loop."""
        if self._output.is_stuck(self.transport.get_write_buffer_size(), now):
            _log.warning("broken off: its client took nothing for too long")
            self.reset()
        if self.transport.is_closing():
            return
        if self.flow.read_paused or (self._receiving and self.cycle.waiting_for_100_continue):
            # It is we who make the client wait.
            self._heard = now
        elif self._head_since is not None:
            if now - self._head_since > self._header_timeout_s:
                self._refuse(TOO_SLOW) if self._unread else self.transport.close_now()
        elif self._receiving and now - self._heard > self._receive_timeout_s:
            self._stall()

    def _should_upgrade(self) -> bool:
        # Elsewhere the offer is not taken, and the request is answered as it is.
        return self.url.partition(b"?")[0].endswith(SOCKETS) and super()._should_upgrade()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _disconnect(self) -> None:
        """Let the application write no more."""
        if not self._is_idle():
            self._answering.disconnected = True
            self._answering.message_event.set()

    def _stall(self) -> None:
        if self.cycle.response_complete:
            self.transport.close_now()
            return
        self.cycle.scope["state"]["stalled"] = True
        self.cycle.message_event.set()

    def _refuse(self, problem: Problem) -> None:
        """Answer a request that is none, and read no more; answers that are due go first."""
        self._broken = True
        if self.pipeline and self._receiving:
            self.pipeline.popleft()
            self.cycle = self.pipeline[0][0] if self.pipeline else self._answering
            self._receiving = False
        if not self._is_idle():
            if not self._receiving:
                self.cycle.keep_alive = False
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.close_now()
                return
        request_id, answer = refusal(problem, self.server_state.default_headers)
        _log.info("refused what is no request, as %s: %s", request_id, problem.slug)
        self.transport.write(answer)
        self.transport.close()

    def _is_idle(self) -> bool:
        # None before the first request, though uvicorn does not say so.
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def _is_sending(self) -> bool:
        return self._receiving or self._broken

    def _close_idle(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
