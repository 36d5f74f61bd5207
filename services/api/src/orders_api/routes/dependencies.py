"""What routes ask for: the database, and who is calling."""

import re
from typing import Annotated

from fastapi import Depends, Header, Path, Request

from orders_api.clients.database import Database
from orders_api.schemas.fields import Id
from orders_api.services.order_writes import Caller
from orders_api.settings import Settings

# W3C Trace Context: version ff and ids of zeros are invalid; only later versions may go on.
_TRACEPARENT = re.compile(
    r"(?!ff|00-.{53})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)


def database(request: Request) -> Database:
    """Return the application's database."""
    found: Database = request.state.database
    return found


def settings(request: Request) -> Settings:
    """Return the application's settings."""
    found: Settings = request.state.settings
    return found


def trace_id(
    traceparent: Annotated[str | None, Header(description="W3C Trace Context.")] = None,
) -> str | None:
    """Return the trace id of a valid traceparent; an invalid one counts as none (W3C)."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    return match[1] if match else None


def caller(trace: Annotated[str | None, Depends(trace_id)]) -> Caller:
    """Return who is calling."""
    return Caller("anonymous", trace)


Db = Annotated[Database, Depends(database)]
CurrentCaller = Annotated[Caller, Depends(caller)]
CurrentSettings = Annotated[Settings, Depends(settings)]
OrderId = Annotated[Id, Path(description="The id of an order.")]
ItemId = Annotated[Id, Path(description="The id of an item.")]
