"""A route that takes nothing it does not know, from nobody who may not ask for it."""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from inspect import isclass
from typing import Any, ClassVar, Final, get_origin
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from orders.problems import BadRequest, Unprocessable
from orders_api.problems import TooLarge, UnsupportedMediaType, clip
from orders_api.routes.access import admit
from orders_api.routes.content import content_encoding, media_type
from orders_api.schemas.naming import as_sent
from orders_api.schemas.need import Need, Needed
from orders_api.strict_json import MalformedJsonError, decode

MAX_JSON_BYTES: Final = 2**20


class StrictRoute(APIRoute):
    """Knows who calls, refuses unknown and repeated query parameters, reads strict JSON.

    Made by `scoped`. Who may not call learns nothing else: it is the first that is looked at.
    A list is a parameter that may be repeated; `name[key]=value` is a member of an object.
    """

    needed: ClassVar[Needed]
    tickets: ClassVar[bool] = False
    """Whether the parameter `ticket` lets callers in, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route, behind the checks."""
        handler = super().get_route_handler()
        known = _query_parameters(self.dependant)
        takes_json = self.body_field is not None
        needed, tickets = self.needed, self.tickets

        async def checked(request: Request) -> Response:
            if needed is not Need.NOTHING:
                await admit(request, needed, ticket=sent_ticket(request) if tickets else None)
            check_query(request, known)
            if not takes_json:
                return await handler(request)
            body = await _read_json(request)
            try:
                return await handler(_Decoded(request, body))
            except Unprocessable as problem:
                _name_as_sent(problem, body)
                raise

        return checked


def scoped(needed: Needed, *, tickets: bool = False) -> type[StrictRoute]:
    """Return the class of routes that may be called with this scope."""
    return type("StrictRoute", (StrictRoute,), {"needed": needed, "tickets": tickets})


def sent_ticket(request: HTTPConnection) -> str | None:
    """Return the ticket that stands in the query, if one does."""
    return request.query_params.get("ticket")


public: Final = scoped(Need.NOTHING)
"""Routes that anybody may call."""

known: Final = scoped(Need.IDENTITY)
"""Routes that may be called by whoever is known."""


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


def _query_parameters(dependant: Dependant) -> dict[str, Any]:
    """Return the parameters by name, each with `list`, `dict` or None for what it is."""
    found: dict[str, Any] = {}
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isclass(model) and issubclass(model, BaseModel):
            found |= {name: get_origin(f.annotation) for name, f in model.model_fields.items()}
        else:
            found[field.alias] = get_origin(model)
    for part in dependant.dependencies:
        found |= _query_parameters(part)
    return found


def check_query(request: HTTPConnection, known: Mapping[str, Any]) -> None:
    """Refuse unknown, repeated and garbled parameters.

    Args:
        request: What was sent.
        known: The parameters by name, each with `list`, `dict` or None for what it is.

    Raises:
        Unprocessable: There are some.
    """
    query = request.scope["query_string"].decode("latin-1")
    if not query:
        return
    # What is no UTF-8 becomes surrogates here; in request.query_params it would pass for �.
    sent = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    times = Counter(name for name, _ in sent)
    garbled = {name for name, value in sent if any("\ud800" <= c <= "\udfff" for c in name + value)}
    errors = [
        {"pointer": f"query/{clip(name)}", "detail": fault}
        for name in times
        if (fault := _fault(name, known, repeated=times[name] > 1, garbled=name in garbled))
    ]
    if errors:
        raise Unprocessable("The query is not valid.", errors=errors[:100])


def _fault(name: str, known: Mapping[str, Any], *, repeated: bool, garbled: bool) -> str | None:
    owner, bracket, _ = name.partition("[")
    is_member = bool(bracket) and name.endswith("]") and known.get(owner) is dict
    if not is_member and known.get(name, dict) is dict:
        return f"Write {name}[key]=value" if name in known else "There is no such parameter"
    if garbled:
        return "Is not UTF-8"
    return "May stand only once" if repeated and known.get(name) is not list else None


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
