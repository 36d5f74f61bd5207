"""Whose pages may open a WebSocket."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from orders_api.settings import Settings
from tally_testing.serving import serving

SECRET = "s" * 32


def token() -> str:
    now = datetime.now(UTC)
    said = {"iss": "tally", "aud": "tally-api", "sub": "user:1", "jti": uuid4().hex}
    times = {"iat": now, "nbf": now, "exp": now + timedelta(hours=1)}
    return jwt.encode(said | times | {"scope": "orders:read"}, SECRET, "HS256", {"kid": "k"})


@pytest.fixture(scope="module")
def opened(shared_url: str) -> Iterator[Callable[[dict[str, str]], int]]:
    """Returns the status of a handshake with these headers; `{host}` stands for the API's own."""
    keys = {"auth": "required", "jwt_keys": f"k:{SECRET}", "cors_origins": "https://shop.example"}
    with serving(Settings.model_validate({"database_url": shared_url} | keys)) as client:
        host = client.base_url.netloc.decode()

        async def shake(headers: dict[str, str]) -> int:
            sent = {name: value.replace("{host}", host) for name, value in headers.items()}
            sent["authorization"] = f"Bearer {token()}"
            try:
                url = f"ws://{host}/orders/events/ws"
                async with connect(url, additional_headers=sent, close_timeout=1):
                    return 101
            except InvalidStatus as refused:
                answer = refused.response
                assert answer.headers["content-type"] == "application/problem+json"
                return answer.status_code

        yield lambda headers: asyncio.run(shake(headers))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 101),
        ({"origin": "http://{host}"}, 101),
        ({"origin": "https://shop.example"}, 101),
        # A proxy may have taken TLS off.
        ({"origin": "https://{host}"}, 101),
        ({"origin": "https://{host}", "x-forwarded-proto": "https"}, 101),
        ({"origin": "https://{host}", "x-forwarded-proto": "https, http"}, 101),
        ({"origin": "http://{host}", "x-forwarded-proto": "https"}, 403),
        ({"origin": "ftp://{host}"}, 403),
        ({"origin": "http://{host}.evil.example"}, 403),
        ({"origin": "http://shop.example"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "//{host}"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "*"}, 403),
        ({"origin": ""}, 403),
    ],
)
def test_only_pages_of_its_own_and_of_the_settings_may(
    opened: Any, headers: dict[str, str], status: int
) -> None:
    assert opened(headers) == status
