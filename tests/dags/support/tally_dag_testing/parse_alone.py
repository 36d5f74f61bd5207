"""Parses the DAGs as Airflow does, and prints as JSON what it found and what it touched.

Python's audit events tell of every attempt to reach the network or a database. Variables and
connections are looked for in the environment first, where we listen.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from airflow.models import DagBag
from airflow.secrets.environment_variables import EnvironmentVariablesBackend

_TOUCHING = ("socket.connect", "socket.getaddrinfo", "sqlite3.connect")


def main(folder: str) -> None:
    """Parse a folder."""
    sys.path.insert(0, folder)
    bag = DagBag(Path(folder), include_examples=False, collect_dags=False)
    touched: list[str] = []

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event in _TOUCHING:
            touched.append(f"{event} {arguments}")

    def looked_up(kind: str) -> Callable[..., None]:
        return lambda *names, **more: touched.append(f"{kind} {[*names[1:], *more.values()][0]}")

    sys.addaudithook(note)
    EnvironmentVariablesBackend.get_variable = looked_up("variable")
    EnvironmentVariablesBackend.get_conn_value = looked_up("connection")
    seconds = {}
    for file in sorted(Path(folder).glob("*.py")):
        began = time.perf_counter()
        bag.process_file(str(file), only_if_updated=False)
        seconds[file.name] = time.perf_counter() - began
    found = {"dags": sorted(bag.dags), "errors": bag.import_errors}
    print(json.dumps(found | {"touched": touched, "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1])
