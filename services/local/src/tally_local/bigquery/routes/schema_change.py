from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tally_local.bigquery.jobs.deposit import mismatch
from tally_local.bigquery.store.catalog import Table, column_ddl
from tally_local.bigquery.store.database import Transaction
from tally_local.bigquery.types import field_to_json, fields_from_json, quoted


def changed_schema(
    transaction: Transaction, table: Table, schema: Mapping[str, Any]
) -> dict[str, Any]:
    """Add the columns of a new schema to a table; anything but adding and relaxing is refused."""
    wanted = {item.name.lower(): item for item in fields_from_json(schema)}
    for has in table.fields:
        new = wanted.get(has.name.lower())
        if new is None:
            raise mismatch(table.name, f"Field {has.name} is missing in new schema")
        if new.type != has.type or (new.required and not has.required):
            raise mismatch(table.name, f"Field {has.name} has changed type or mode")
        if has.required and not new.required:
            sql = f"ALTER TABLE {table.source} ALTER {quoted(has.name)} DROP NOT NULL"
            transaction.cursor.execute(sql)
    known = {item.name.lower() for item in table.fields}
    for new in (item for name, item in wanted.items() if name not in known):
        if new.required:
            raise mismatch(table.name, f"Cannot add required fields (field: {new.name})")
        ddl = column_ddl(new, constraints=False)
        transaction.cursor.execute(f"ALTER TABLE {table.source} ADD COLUMN {ddl}")
    raw = {str(item["name"]).lower(): item for item in schema["fields"]}
    notes = ("description", "policyTags")
    fields = [
        {**field_to_json(item), **{k: raw[name][k] for k in notes if k in raw[name]}}
        for name, item in wanted.items()
    ]
    return {"fields": fields}
