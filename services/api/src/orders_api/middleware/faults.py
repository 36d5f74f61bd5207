"""Errors that nobody expected."""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orders.problems import Problem
from orders_api.middleware.answers import answer

_log = logging.getLogger(__name__)


class Faults:
    """Answers a fault of ours with its request id and nothing inside; the log has the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI asks."""
        begun = ended = False

        async def watched(message: Message) -> None:
            nonlocal begun, ended
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if begun and not ended:
                # Half an answer: the server logs it, and closes the connection to say so.
                raise
            _log.exception("request %s failed unexpectedly", scope["state"]["request_id"])
            if not begun:
                detail = "The service failed; nothing is known to be wrong with the request."
                await answer(Problem(detail), scope, receive, send)
