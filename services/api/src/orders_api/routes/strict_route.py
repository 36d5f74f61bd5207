"""A route that takes nothing it does not know."""

from collections import Counter
from collections.abc import Callable, Coroutine
from inspect import isclass
from typing import Any, Final

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from orders.problems import BadRequest, Unprocessable
from orders_api.problems import TooLarge, UnsupportedMediaType, clip
from orders_api.routes.content import content_encoding, media_type
from orders_api.schemas.naming import as_sent
from orders_api.strict_json import MalformedJsonError, decode

MAX_JSON_BYTES: Final = 2**20


class StrictRoute(APIRoute):
    """Refuses unknown and repeated query parameters, and reads bodies as strict JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route, behind the checks."""
        handler = super().get_route_handler()
        known = _query_names(self.dependant)
        takes_json = self.body_field is not None

        async def checked(request: Request) -> Response:
            _check_query(request, known)
            if not takes_json:
                return await handler(request)
            body = await _read_json(request)
            try:
                return await handler(_Decoded(request, body))
            except Unprocessable as problem:
                _name_as_sent(problem, body)
                raise

        return checked


class _Decoded(Request):
    """A request whose JSON was read before; FastAPI asks it for the value."""

    def __init__(self, request: Request, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._value = value

    async def body(self) -> bytes:
        """Say that there is a body; `json` has its value."""
        return b"read"

    async def json(self) -> Any:
        """Return the value, decoded without loss."""
        return self._value


def _name_as_sent(problem: Unprocessable, body: Any) -> None:
    """Let the problem's pointers name fields as the caller did; services know only our names."""
    for error in problem.extra.get("errors", ()):
        error["pointer"] = as_sent(error["pointer"], body)


def _query_names(dependant: Dependant) -> set[str]:
    names: set[str] = set()
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isclass(model) and issubclass(model, BaseModel):
            names |= set(model.model_fields)
        else:
            names.add(field.alias)
    for part in dependant.dependencies:
        names |= _query_names(part)
    return names


def _check_query(request: Request, known: set[str]) -> None:
    if not request.scope["query_string"]:
        return
    times = Counter(name for name, _ in request.query_params.multi_items())
    errors = [
        {
            "pointer": f"query/{clip(name)}",
            "detail": "May stand only once" if name in known else "There is no such parameter",
        }
        for name, count in times.items()
        if count > 1 or name not in known
    ]
    if errors:
        raise Unprocessable("The query is not valid.", errors=errors[:100])


async def _read_json(request: Request) -> Any:
    if media_type(request) != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    content_encoding(request)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise TooLarge(f"A JSON body may have {MAX_JSON_BYTES} bytes.")
    try:
        return decode(bytes(body))
    except MalformedJsonError as error:
        raise BadRequest(f"The body cannot be read: {error}.", slug="malformed-json") from error
