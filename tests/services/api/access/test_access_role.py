"""Access works with the rights of the API's role in the database, and no more."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, make_url, text

from orders.engine import database_engine
from orders_api.clients.database import Database
from orders_api.schemas.scopes import Role
from orders_api.services.access import refresh_tokens
from orders_api.settings import Settings
from tally_testing.access import PASSWORD, Desk
from tally_testing.serving import serving


@pytest.fixture
def restricted(desk: Desk, engine: Engine) -> Iterator[Settings]:
    """The settings of an API that logs in as a member of tally_api; user 1 is an admin."""
    desk.register("admin@b.c", Role.ADMIN)
    user = f"tally_test_{uuid4().hex}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {user} LOGIN PASSWORD 'test' IN ROLE tally_api"))
    url = make_url(desk.settings().database_url.get_secret_value())
    own = url.set(username=user, password="test").render_as_string(hide_password=False)
    yield desk.settings(database_url=own, auth="required")
    with engine.begin() as connection:
        connection.execute(text(f"DROP ROLE {user}"))


def tokens(client: httpx.Client, **form: str) -> dict[str, str]:
    answer = client.post("/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def test_its_role_may_do_all_that_access_does(restricted: Settings, engine: Engine) -> None:
    user = {"email": "clerk@b.c", "password": PASSWORD, "role": "clerk"}
    key = {"name": "shop", "scopes": ["orders:read"]}
    with serving(restricted) as client:
        first = tokens(client, grant_type="password", username="admin@b.c", password=PASSWORD)
        again = tokens(client, grant_type="refresh_token", refresh_token=first["refresh_token"])
        client.headers["authorization"] = f"Bearer {again['access_token']}"
        made = client.post("/api-keys", json=key).json()
        found = [
            client.post("/users", json=user),
            client.get("/users"),
            client.get("/users/2"),
            client.patch("/users/2", json={"password": PASSWORD[::-1], "disabled": True}),
            client.get("/api-keys"),
            httpx.get(f"{client.base_url}/orders", headers={"x-api-key": made["key"]}),
            client.delete("/api-keys/1"),
            client.post("/auth/revoke", data={"token": again["refresh_token"]}),
        ]
    assert [answer.status_code for answer in found] == [201, 200, 200, 200, 200, 200, 204, 200]
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT last_used_at IS NOT NULL FROM api_keys"))
        connection.execute(text("UPDATE refresh_tokens SET expires_at = tally_now()"))
    with database_engine(restricted) as own:
        assert refresh_tokens.purge(Database(own)) == 2
