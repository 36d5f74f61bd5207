"""Users: who logs in with a password."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request, Response

from orders_api.routes.dependencies import CurrentAccess, Db
from orders_api.routes.documentation import header, problems
from orders_api.routes.responses import json_text, mount, page_answer
from orders_api.routes.strict_route import scoped
from orders_api.schemas.access import NewUser, User, UserChange, UserPage
from orders_api.schemas.fields import Id
from orders_api.schemas.paging import Paging
from orders_api.schemas.scopes import Scope
from orders_api.services.access import users

router = APIRouter(
    prefix="/users",
    tags=["users"],
    route_class=scoped(Scope.ADMIN),
    responses=problems("validation", "internal", "unavailable"),
)
_BODY_PROBLEMS = problems("malformed-json", "too-large", "unsupported-media-type", "conflict")
_LOCATION = header("Location", "Where the user is.", "/users/7")
UserId = Annotated[Id, Path(description="The id of a user.")]


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={201: {"model": User, "headers": _LOCATION}, **_BODY_PROBLEMS},
)
async def create_user(
    request: Request, user: NewUser, access: CurrentAccess, database: Db
) -> Response:
    """Create a user."""
    password_hash = await access.passwords.hash(user.password)
    user_id, body = await run_sync(users.create, database, user, password_hash)
    return json_text(body, 201, Location=f"{mount(request)}/users/{user_id}")


@router.get("", response_class=Response, responses={200: {"model": UserPage}})
def list_users(request: Request, paging: Annotated[Paging, Query()], database: Db) -> Response:
    """List users, newest first, a page at a time."""
    return page_answer(request, users.list_users(database, paging), "users")


@router.get(
    "/{user_id}",
    response_class=Response,
    responses={200: {"model": User}, **problems("not-found")},
)
def get_user(user_id: UserId, database: Db) -> Response:
    """Show a user."""
    return json_text(users.get(database, user_id))


@router.patch(
    "/{user_id}",
    response_class=Response,
    responses={200: {"model": User}, **_BODY_PROBLEMS, **problems("not-found")},
)
async def change_user(
    user_id: UserId, change: UserChange, access: CurrentAccess, database: Db
) -> Response:
    """Change a user; what is left out stays. The last admin stays one, and can log in.

    Access tokens that the user has go on until they expire; refresh tokens do not, once the user
    is disabled or the password is another.
    """
    password_hash = None
    if "password" in change.model_fields_set:
        password_hash = await access.passwords.hash(change.password)
    return json_text(await run_sync(users.change, database, user_id, change, password_hash))
