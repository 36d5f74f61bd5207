"""The API on AWS Lambda: `orders_api.lambda_handler.handler`."""

import asyncio
import logging
import os
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.handlers import ALB, APIGateway, HTTPGateway
from mangum.types import LambdaContext, LambdaEvent, Receive, Scope, Send

from orders import tracing
from orders.problems import CONTENT_TYPE
from orders_api import logs
from orders_api.app import create_app
from orders_api.settings import Settings

# Whatever is not text is answered in base64.
_TEXT: Final = [*DEFAULT_TEXT_MIME_TYPES, CONTENT_TYPE]


class LambdaHandler:
    """Answers the events of Lambda with an application that the first of them starts.

    It lives as long as the process, on one event loop that runs while an event is answered;
    Mangum alone would start and end it with every event. If it cannot start, the event fails with
    the reason and the next one tries again.

    Args:
        app: Takes one request at a time.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lifespan: AbstractAsyncContextManager[Any] | None = None
        self._state: dict[str, Any] = {}

    def __call__(self, event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
        """Answer an event of API Gateway (REST or HTTP), a function URL or a load balancer.

        Raises:
            RuntimeError: It is none of these.
            Exception: Why the application cannot start.
        """
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        # Mangum runs the loop that is set.
        asyncio.set_event_loop(self._loop)
        if self._lifespan is None:
            self._start(self._loop)
        adapter = Mangum(
            self._answer,
            lifespan="off",
            custom_handlers=[_LoadBalancer, _HttpApi, _RestApi],
            text_mime_types=_TEXT,
        )
        return adapter(event, context)

    def flush(self) -> None:
        """Hand over what was measured and traced: Lambda freezes the process now."""
        if self._lifespan is not None:
            self._state["metrics"].flush()
            tracing.flush(self._state["tracer"])

    def close(self) -> None:
        """End the application; Lambda itself ends the process without a word."""
        if self._loop is None:
            return
        if self._lifespan is not None:
            self._loop.run_until_complete(self._lifespan.__aexit__(None, None, None))
        asyncio.set_event_loop(None)
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._loop = self._lifespan = None

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        lifespan: Any = self._app.router.lifespan_context(self._app)
        self._state = loop.run_until_complete(lifespan.__aenter__()) or {}
        self._lifespan = lifespan

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Each request adds to a copy of its own.
        await self._app({**scope, "state": {**self._state}}, receive, send)


class _RestApi(APIGateway):
    """API Gateway, REST: format 1.0."""

    @property
    def scope(self) -> Scope:
        return _format_1(self.event, super().scope)


class _HttpApi(HTTPGateway):
    """API Gateway, HTTP, in either format; function URLs speak format 2.0."""

    @property
    def scope(self) -> Scope:
        scope = super().scope
        if self.event["version"] != "2.0":
            return _format_1(self.event, scope)
        context = self.event["requestContext"]
        stage = f"/{context['stage']}"
        # Under a domain of one's own the path has what is mapped there, and not the stage.
        if context["domainName"].endswith(".amazonaws.com") and scope["path"].startswith(
            f"{stage}/"
        ):
            scope["root_path"] = stage
        return scope


class _LoadBalancer(ALB):
    """An application load balancer, with multi-value headers or without."""

    @property
    def scope(self) -> Scope:
        scope = super().scope
        # The balancer appends who called it; what stands before is the caller's own word.
        addresses = scope["client"][0]
        scope["client"] = (addresses.rpartition(",")[2].strip(), 0)
        # The parameters are as they were sent; decoded, what is no UTF-8 would pass for �.
        scope["query_string"] = _raw_query(self.event)
        return scope


def _format_1(event: LambdaEvent, scope: Scope) -> Scope:
    """Return the scope with headers that were sent twice as two, and the stage as a mount."""
    if event.get("multiValueHeaders"):
        scope["headers"] = [
            [name.lower().encode(), value.encode()]
            for name, values in event["multiValueHeaders"].items()
            for value in values
        ]
    stage = f"/{event['requestContext'].get('stage')}"
    if event["requestContext"].get("path") == stage + event["path"]:
        scope["root_path"], scope["path"] = stage, stage + scope["path"]
    return scope


def _raw_query(event: LambdaEvent) -> bytes:
    lists = event.get("multiValueQueryStringParameters")
    if lists is None:
        lists = {key: [value] for key, value in event.get("queryStringParameters", {}).items()}
    return "&".join(f"{key}={value}" for key, values in lists.items() for value in values).encode()


_instance: Final = LambdaHandler(create_app())


def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
    """Answer an event, with the settings of the environment.

    Raises:
        Exception: As LambdaHandler; orders_api.settings.errors.SettingsError names each setting
            that is wrong.
    """
    _configure_logs()
    try:
        return _instance(event, context)
    finally:
        _instance.flush()
        logs.flush()


@cache
def _configure_logs() -> None:
    logs.configure(Settings.from_environment(os.environ))
    # Each request has its line already.
    logging.getLogger("mangum").setLevel(logging.WARNING)
