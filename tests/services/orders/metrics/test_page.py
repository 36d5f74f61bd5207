"""docs/metrics.md names every instrument."""

import re
from pathlib import Path

from orders.metrics.catalog import ALL
from orders.metrics.collector import EVERY_S
from orders.metrics.sample import KEPT

PAGE = (Path(__file__).parents[4] / "docs" / "metrics.md").read_text(encoding="utf-8")


def test_every_instrument_is_there_as_it_is() -> None:
    rows = re.findall(r"^\| `(tally\.[\w.]+)` \| (\w+) \| (.*?) ?\| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (
            one.name,
            type(one).__name__.lower(),
            ", ".join(f"`{tag}`" for tag in one.tags),
            one.help,
        )
        for one in ALL
    ]


def test_its_figures_are_those_of_the_code() -> None:
    assert f"of a histogram {KEPT} values" in PAGE
    assert (EVERY_S, "Every two seconds" in PAGE) == (2.0, True)
