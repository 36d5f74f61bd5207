"""The API as its users meet it: uvicorn on a loopback port, a real Postgres behind it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from orders.engine import database_engine
from orders_api.problems import KINDS
from orders_api.settings import Settings
from tally_testing.scratch import scratch_database
from tally_testing.serving import serving

Problem = Callable[[httpx.Response], dict[str, Any]]


def settings_for(url: str, **values: object) -> Settings:
    # An export waits for transactions of other workers, too: they share the server.
    return Settings.model_validate({"database_url": url, "export_wait_s": 60, **values})


@pytest.fixture(scope="session")
def shared_url() -> Iterator[str]:
    """The URL of the database of `api`."""
    with scratch_database() as url:
        yield url


@pytest.fixture(scope="session")
def shared_engine(shared_url: str) -> Iterator[Engine]:
    """An engine on the database of `api`."""
    with database_engine(settings_for(shared_url)) as engine:
        yield engine


@pytest.fixture(scope="session")
def api(shared_url: str) -> Iterator[httpx.Client]:
    """A client of an API whose database the tests of this worker share.

    A test may hold a row for as long as it takes, and five may wait for it.
    """
    settings = settings_for(shared_url, order_lock_timeout_s=300, db_pool_size=10)
    with serving(settings) as client:
        yield client


@pytest.fixture
def fresh(database_url: str) -> Iterator[httpx.Client]:
    """A client of an API on the test's own database, empty at first."""
    with serving(settings_for(database_url)) as client:
        yield client


@pytest.fixture
def serve() -> Callable[[Settings], Any]:
    """How a test runs an API with settings of its own."""
    return serving


@pytest.fixture
def problem() -> Problem:
    """Checks that an answer is a problem as promised, and returns its body."""

    def check(response: httpx.Response) -> dict[str, Any]:
        assert response.headers["content-type"] == "application/problem+json", response.text
        body: dict[str, Any] = response.json()
        kind = KINDS[body["type"].removeprefix("/problems/")]
        assert (body["status"], body["title"]) == (kind.status, kind.title)
        assert body["status"] == response.status_code
        assert body["detail"]
        assert body["instance"] == response.request.url.path
        assert body["request_id"] == response.headers["x-request-id"]
        return body

    return check
