"""The parts of access, on a database of the test's own."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from orders.engine import database_engine
from orders_api.clients.database import Database
from orders_api.settings import Settings
from tally_testing.access import Desk


@pytest.fixture
def desk(engine: Engine, database_url: str) -> Desk:
    def settings(**values: object) -> Settings:
        return Settings.model_validate({"database_url": database_url, **values})

    return Desk(Database(engine), settings)


@pytest.fixture
def lobby() -> Iterator[Desk]:
    """A desk without a database, for what needs none."""
    settings = Settings.model_validate
    with database_engine(Settings()) as unconnected:
        yield Desk(Database(unconnected), lambda **values: settings(values))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
