"""The contract as it is committed is what the application says."""

import json

from tally_testing.contract.changes import openapi_changes
from tally_testing.contract.snapshot import SNAPSHOT, current, text_of


def test_the_committed_contract_is_what_the_application_says() -> None:
    committed = SNAPSHOT.read_text(encoding="utf-8")
    document = current()
    changes = "\n".join(map(str, openapi_changes(json.loads(committed), document)))
    assert committed == text_of(document), f"poe openapi writes these changes:\n{changes}"
