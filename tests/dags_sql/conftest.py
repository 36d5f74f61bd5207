from collections.abc import Iterator

import pytest

from tally_local.endpoints import Endpoints
from tally_local.warehouse import warehouse
from tally_testing.rollups import Rollups


@pytest.fixture
def rollups(endpoints: Endpoints) -> Iterator[Rollups]:
    with warehouse(endpoints) as client:
        yield Rollups(client, endpoints.dataset)
