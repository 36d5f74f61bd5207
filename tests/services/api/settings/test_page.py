"""docs/operations.md names every setting, and what it is if it is left out."""

import re
from pathlib import Path

from pydantic import SecretStr

from orders_api.settings import Settings

PAGE = (Path(__file__).parents[4] / "docs" / "operations.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Settings\n")[2]
ROWS = dict(re.findall(r"^\| `([A-Z_0-9]+)` \| (.*?) \|", TABLE, re.MULTILINE))


def test_every_setting_is_there() -> None:
    assert set(ROWS) == {name.upper() for name in Settings.model_fields}


def test_what_stands_there_is_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        written = re.fullmatch("`([^`]*)`", ROWS[name.upper()])
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        if written:
            assert written[1] == str(default), name
        else:
            assert not isinstance(default, int | float), name
