import shutil
from collections.abc import Iterator

import pytest

from tally_testing.infra.terraform import Terraform, missing


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Terraform on a copy of the tree; tests that need it are skipped where it cannot run."""
    directory = tmp_path_factory.mktemp("terraform")
    found = Terraform(directory)
    if lacking := missing(found):
        pytest.skip(lacking)  # Terraform is no package that could be locked.
    yield found
    shutil.rmtree(directory)
