"""`poe openapi`: write the contract of /v1, unless that breaks a client."""

import argparse
import json
import sys

from tally_testing.contract.changes import openapi_changes
from tally_testing.contract.snapshot import SNAPSHOT, current, text_of


def main() -> int:
    """Write docs/api/openapi.json; the answer is the exit code."""
    parser = argparse.ArgumentParser(prog="poe openapi", description=__doc__)
    parser.add_argument("--breaking", action="store_true", help="write it though it breaks")
    breaking = parser.parse_args().breaking
    new = current()
    changes = []
    if SNAPSHOT.exists():
        changes = openapi_changes(json.loads(SNAPSHOT.read_text(encoding="utf-8")), new)
    sys.stdout.writelines(f"{change}\n" for change in changes)
    if any(change.breaking for change in changes) and not breaking:
        sys.stderr.write("Not written: this breaks clients of /v1. --breaking writes it anyway.\n")
        return 1
    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(text_of(new), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
