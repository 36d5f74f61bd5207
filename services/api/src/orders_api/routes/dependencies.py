"""What routes ask for: the database, and who is calling."""

from typing import Annotated

from fastapi import Depends, Path, Request

from orders_api.clients.database import Database
from orders_api.clients.group_commit import GroupCommit
from orders_api.metrics import OrderMetrics
from orders_api.middleware.running import RunningRequest
from orders_api.schemas.caller import Caller
from orders_api.schemas.fields import Id
from orders_api.services import order_moves
from orders_api.services.access.parts import Access
from orders_api.services.order_creation import Created, NewOrderRequest
from orders_api.settings import Settings

# All async, though none awaits: FastAPI sends any other function to a thread, which costs more
# than the function.


async def database(request: Request) -> Database:
    """Return the application's database."""
    found: Database = request.state.database
    return found


async def order_mover(request: Request) -> order_moves.Mover:
    """Return what moves orders."""
    found: order_moves.Mover = request.state.order_mover
    return found


def order_writer(request: Request) -> GroupCommit[NewOrderRequest, Created]:
    """Return what creates orders; called by its route, for a dependency costs 5 % of it."""
    found: GroupCommit[NewOrderRequest, Created] = request.state.order_writer
    return found


def running_request(request: Request) -> RunningRequest:
    """Return what says how long the request may take."""
    found: RunningRequest = request.state.running_request
    return found


async def settings(request: Request) -> Settings:
    """Return the application's settings."""
    found: Settings = request.state.settings
    return found


async def caller(request: Request) -> Caller:
    """Return who is calling."""
    found: Caller = request.state.caller
    return found


async def order_metrics(request: Request) -> OrderMetrics:
    """Return what counts orders."""
    found: OrderMetrics = request.state.order_metrics
    return found


async def access(request: Request) -> Access:
    """Return what knows who may call."""
    found: Access = request.state.access
    return found


CurrentAccess = Annotated[Access, Depends(access)]
Db = Annotated[Database, Depends(database)]
CurrentCaller = Annotated[Caller, Depends(caller)]
Mover = Annotated[order_moves.Mover, Depends(order_mover)]
CurrentOrderMetrics = Annotated[OrderMetrics, Depends(order_metrics)]
CurrentSettings = Annotated[Settings, Depends(settings)]
OrderId = Annotated[Id, Path(description="The id of an order.")]
ItemId = Annotated[Id, Path(description="The id of an item.")]
