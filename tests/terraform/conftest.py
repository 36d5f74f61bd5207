import shutil
from collections.abc import Iterator

import pytest

from tally_testing.infra.terraform import Terraform, missing


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Terraform on a copy of the tree; its tests are skipped where providers are out of reach."""
    directory = tmp_path_factory.mktemp("terraform")
    found = Terraform(directory)
    if lacking := missing(found):
        pytest.skip(
            lacking
        )  # A registry, or a folder beside the checkout: neither is ours to install.
    yield found
    shutil.rmtree(directory)
