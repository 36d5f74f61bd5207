"""CSV that a spreadsheet opens: no cell is a formula, and nothing is lost."""

import csv
import io
import json
import re
import unicodedata

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

INSERT = text("""
    INSERT INTO orders (customer_id, total_cents, changed_by, trace_id, metadata)
    VALUES (1, 1, :name, :trace, CAST(:metadata AS jsonb)) RETURNING id""")
# What Postgres can store.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
ASCII = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "''=", " =", '"', ",", ";", '";=')
# No-break and zero-width space, byte order mark; full-width and small forms.
WIDE = ("\u00a0+", "\ufeff-", "\u200b@", "\u3000\uff1d", "\uff1d", "\uff0b", "\uff0d", "\uff20")
SMALL = ("\ufe66", "\ufe62", "\ufe63", "\ufe6b")
STARTS = st.sampled_from([*ASCII, *WIDE, *SMALL])
NASTY = TEXT | st.builds("".join, st.tuples(STARTS, TEXT))
UNSEEN = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
SPACES = {"Cc", "Zs", "Zl", "Zp"}


def begins_a_formula(cell: str) -> bool:
    """Tell by another way than ours whether a spreadsheet might calculate a cell."""
    if cell[:1] in {"\t", "\r", "\n"}:
        return True
    marks = UNSEEN.sub("", cell)
    seen = next((mark for mark in marks if unicodedata.category(mark) not in SPACES), "")
    return unicodedata.normalize("NFKC", seen)[:1] in {"=", "+", "-", "@"}


def taken_back(cell: str) -> str:
    return cell.removeprefix("'")


@given(name=NASTY, trace=NASTY, metadata=st.dictionaries(NASTY.filter(len), NASTY, max_size=3))
@example(name="=cmd|' /C calc'!A0", trace="'", metadata={"a": '=1;=2";=3'})
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_text_survives_and_no_cell_begins_a_formula(
    api: httpx.Client, shared_engine: Engine, name: str, trace: str, metadata: dict[str, str]
) -> None:
    values = {"name": name, "trace": trace, "metadata": json.dumps(metadata)}
    with shared_engine.begin() as connection:
        connection.execute(text("DELETE FROM orders WHERE region = 'unknown'"))
        order_id = connection.execute(INSERT, values).scalar_one()
    answer = api.get("/orders:export", params={"format": "csv", "region": "unknown"})
    [row] = csv.DictReader(io.StringIO(answer.text, newline=""), strict=True)
    assert row["id"] == str(order_id)
    assert taken_back(row["changed_by"]) == name
    assert taken_back(row["trace_id"]) == trace
    assert json.loads(row["metadata"]) == metadata
    assert not any(begins_a_formula(cell) for cell in row.values())
    # Where semicolons separate, a cell of the sender's choice would begin after one.
    assert not re.search(";", row["metadata"])
