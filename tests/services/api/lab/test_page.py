"""The commands of docs/lab.md do what it shows."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tally_testing.api_process import ApiProcess, api_process

PAGE = (Path(__file__).parents[4] / "docs" / "lab.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```bash\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
# What differs from run to run: times, and how many turns an event loop made.
FIGURES = re.compile(r'(?<=loop_turns":)[1-9]\d*|[-\dT]*\d\d:\d\d:[\d.]+Z?|\d+\.\d+(?= s\n)')


@pytest.fixture(scope="module")
def laptop(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """An API as `poe up` starts it: a process of its own."""
    with api_process(shared_url, tmp_path_factory.mktemp("lab")) as api:
        yield api


def essence(output: str) -> list[str]:
    """Return the lines without figures; which program wrote first is chance."""
    return sorted(FIGURES.sub("…", output).splitlines())


def test_the_page_has_examples() -> None:
    assert len(SHOWN) == 7


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_a_command_answers_what_is_shown(laptop: ApiProcess, command: str, output: str) -> None:
    here = command.replace("http://127.0.0.1:8000", laptop.url)
    done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=True)
    # curl ends a body that has no end of line without one.
    written = done.stdout.replace("}health", "}\nhealth")
    assert essence(written) == essence(output)
