"""What docs/from-node.md points at is there."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[4] / "docs"
PAGE = (DOCS / "from-node.md").read_text(encoding="utf-8")
LINKS = [link for link in re.findall(r"\]\(([^)#]+)", PAGE) if "://" not in link]


def test_every_file_that_it_names_exists() -> None:
    assert len(set(LINKS)) > 40
    assert [link for link in LINKS if not (DOCS / link).exists()] == []


def test_every_task_that_it_names_exists() -> None:
    tasks = (DOCS.parent / "pyproject.toml").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:uv run )?poe ([a-z:-]+)", PAGE))
    assert named
    assert [task for task in named if f"\n{task} = " not in tasks] == []
