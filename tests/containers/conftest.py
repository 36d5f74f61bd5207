"""The images, built once a run, and what was measured of them, told at its end."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tally_testing.containers import Engine, find_engine, python_image
from tally_testing.containers.running import remove_abandoned

ROOT = Path(__file__).parents[2]
FIGURES = pytest.StashKey[list[str]]()
Build = Callable[[str, str], str]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for figure in config.stash.get(FIGURES, []):
        terminalreporter.write_line(figure)


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Takes a line for the end of the run."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


@pytest.fixture(scope="session")
def engine() -> Engine:
    engine = find_engine()
    remove_abandoned(engine)
    return engine


@pytest.fixture(scope="session")
def base_image(engine: Engine) -> str:
    return python_image(engine)


@pytest.fixture(scope="session")
def build(engine: Engine, base_image: str) -> Iterator[Build]:
    """Builds the image of a folder under a name; all that was built is removed in the end."""
    built: list[str] = []

    def build(folder: str, name: str) -> str:
        tag = f"localhost/{name}:test"
        engine.build(ROOT / folder / "Dockerfile", ROOT, tag, PYTHON_IMAGE=base_image)
        built.append(tag)
        return tag

    yield build
    for tag in built:
        engine("rmi", "--force", tag)
    if engine.is_podman:
        # The store is the tests' own: what is left are stages of builds.
        engine("image", "prune", "--force")


@pytest.fixture(scope="session")
def api_image(build: Build) -> str:
    return build("services/api", "tally-api")


@pytest.fixture(scope="session")
def function_image(build: Build) -> str:
    return build("functions/load_orders", "tally-load-orders")


@pytest.fixture(scope="session")
def local_image(build: Build) -> str:
    return build("services/local", "tally-local")
