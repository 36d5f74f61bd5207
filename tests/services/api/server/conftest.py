"""A process with limits that a test can reach."""

from collections.abc import Iterator

import pytest

from tally_testing.api_process import ApiProcess, api_process


@pytest.fixture(scope="session")
def strict(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """An API that waits a second for what must come."""
    directory = tmp_path_factory.mktemp("strict")
    limits = {"header_timeout_s": 1, "receive_timeout_s": 1}
    with api_process(shared_url, directory, **limits) as api:
        yield api
