from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.cloud import bigquery

Query = Callable[..., list[dict[str, Any]]]
SPELLINGS = ["{d}.t", "t", "`t`", "`{p}.{d}.t`", "`{p}`.{d}.t", "`{p}`.`{d}`.`t`", "`{d}.t`"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_statement_knows_every_spelling_of_its_target(
    run: Query, client: bigquery.Client, dataset: str, spelling: str
) -> None:
    name = spelling.format(p=client.project, d=dataset)
    run(f"CREATE OR REPLACE TABLE {name} (n INT64)")
    run(f"INSERT INTO {name} VALUES (1), (2)")
    run(f"alter table {name} add column extra string")
    run(f"UPDATE {name} SET extra = 'x' WHERE n = 1")
    run(f"DELETE FROM {name} WHERE n = 2")
    run(f"MERGE {name} t USING (SELECT 3 AS n) s ON t.n = s.n WHEN NOT MATCHED THEN "
        "INSERT (n) VALUES (n)")  # fmt: skip
    assert run("SELECT n, extra FROM t ORDER BY n") == [
        {"n": 1, "extra": "x"},
        {"n": 3, "extra": None},
    ]
    run(f"/* not */ ALTER TABLE IF EXISTS {name} DROP COLUMN extra")
    run(f"ALTER TABLE {name} SET OPTIONS (description = 'kept')")
    table = client.get_table(f"{client.project}.{dataset}.t")
    assert (table.description, [field.name for field in table.schema]) == ("kept", ["n"])
    run(f"TRUNCATE TABLE {name}")
    assert run("SELECT n FROM t") == []
    run(f"DROP TABLE {name}")
    run(f"ALTER TABLE IF EXISTS {name} ADD COLUMN extra STRING")
    with pytest.raises(NotFound, match="Not found: Table"):
        run(f"ALTER TABLE {name} ADD COLUMN extra STRING")


def test_alter_leaves_views_temporary_tables_and_layouts_alone(run: Query, dataset: str) -> None:
    run("CREATE TABLE t (day DATE, n INT64) PARTITION BY day CLUSTER BY n")
    for column in ("day", "n"):
        with pytest.raises(BadRequest, match=f"Cannot drop column {column}"):
            run(f"ALTER TABLE t DROP COLUMN {column}")
    run(f"CREATE VIEW v AS SELECT n FROM {dataset}.t")
    with pytest.raises(BadRequest, match="is a view"):
        run("ALTER TABLE v ADD COLUMN extra STRING")
    with pytest.raises(GoogleAPICallError, match="temporary table t") as caught:
        run("CREATE TEMP TABLE t (a INT64); ALTER TABLE t ADD COLUMN extra STRING")
    assert caught.value.code == 501
    assert [*run("SELECT * FROM t")] == []
