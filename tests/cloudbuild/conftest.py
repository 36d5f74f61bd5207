"""The scripts, run for real: gcloud and docker are stand-ins, what is asked by HTTP is local."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tally_testing.cloudbuild.answers import Answers, answering
from tally_testing.cloudbuild.cloud import Cloud, cloud_in


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def server(answers: Answers) -> Iterator[str]:
    with answering(answers) as url:
        yield url


@pytest.fixture
def cloud(tmp_path: Path, server: str) -> Cloud:
    """A service whose first revision has all traffic, and an image that was just built."""
    return cloud_in(tmp_path, server)
