"""The API beside a shop whose days are published in the local BigQuery endpoint."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest

from orders_api.settings import Settings
from tally_local.endpoints import Endpoints
from tally_testing.serving import serving

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture
def sales_settings(endpoints: Endpoints) -> Settings:
    return Settings.model_validate(
        {
            "database_url": endpoints.postgres,
            "bigquery_project": endpoints.project,
            "bigquery_dataset": endpoints.dataset,
            "bigquery_emulator_host": endpoints.bigquery,
            "bigquery_timeout_s": 60,
        }
    )


@pytest.fixture
def serve_sales(sales_settings: Settings) -> Serve:
    """Run an API with these settings, but for those that are given."""

    @contextmanager
    def serve(**changed: object) -> Iterator[httpx.Client]:
        with serving(sales_settings.model_copy(update=changed)) as client:
            yield client

    return serve


@pytest.fixture
def sales_api(serve_sales: Serve) -> Iterator[httpx.Client]:
    with serve_sales() as client:
        yield client
