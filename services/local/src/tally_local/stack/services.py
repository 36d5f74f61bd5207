"""What each process of the stack is: its command line and its settings."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tally_local.endpoints import Endpoints
from tally_local.ports import free_ports
from tally_local.state import project_root

PROJECT = "tally-local"
DATASET = "analytics"
DATABASE = "tally"
_HOST = "127.0.0.1"
_MODULE = [sys.executable, "-m"]


@dataclass(frozen=True)
class Ports:
    """The loopback ports of a stack; those left at 0 become free ones."""

    api: int = 0
    function: int = 0
    reconcile: int = 0
    maintain: int = 0
    bigquery: int = 0
    postgres: int = 0

    def chosen(self) -> "Ports":
        """Return them with a free port in each place that is 0."""
        named = vars(self)
        given = named.values()
        free = (port for port in free_ports(2 * len(named)) if port not in given)
        return Ports(**{name: port or next(free) for name, port in named.items()})


def _succeeds(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.OK


def _says_ok(answer: httpx.Response) -> bool:
    try:
        return _succeeds(answer) and answer.json()["status"] == "ok"
    except (ValueError, TypeError, KeyError):
        return False


@dataclass(frozen=True)
class Service:
    """One child process: what runs, what it is told, and how it answers when it is up."""

    name: str
    command: list[str]
    health: str
    """The URL to ask."""
    healthy: Callable[[httpx.Response], bool]
    settings: dict[str, str] = field(default_factory=dict)


def endpoints_at(ports: Ports) -> Endpoints:
    """Return the URLs of a stack on these ports."""
    url = f"http://{_HOST}"
    return Endpoints(
        api=f"{url}:{ports.api}",
        function=f"{url}:{ports.function}",
        reconcile=f"{url}:{ports.reconcile}",
        maintain=f"{url}:{ports.maintain}",
        bigquery=f"{url}:{ports.bigquery}",
        postgres=f"postgresql://postgres@{_HOST}:{ports.postgres}/{DATABASE}",
        project=PROJECT,
        dataset=DATASET,
    )


def bigquery(ports: Ports, directory: Path) -> Service:
    """The local BigQuery endpoint, its tables kept in `directory`."""
    command = [*_MODULE, "tally_local.bigquery", "--port", str(ports.bigquery)]
    return Service(
        "bigquery",
        [*command, "--data-dir", str(directory)],
        endpoints_at(ports).bigquery,
        _says_ok,
    )


def api(ports: Ports, *, reload: bool = False) -> Service:
    """The HTTP API; only uvicorn's own command reloads."""
    endpoints = endpoints_at(ports)
    settings = _settings(endpoints) | {"PORT": str(ports.api), "HOST": _HOST}
    command = [*_MODULE, "orders_api"]
    if reload:
        command = [*_MODULE, "uvicorn", "orders_api.main:app", "--host", _HOST]
        command += ["--port", str(ports.api), "--no-access-log"]
        for member in ("api", "orders"):
            command += ["--reload", "--reload-dir", str(project_root() / "services" / member)]
    return Service("api", command, f"{endpoints.api}/health/ready", _succeeds, settings)


def functions(ports: Ports) -> list[Service]:
    """The Cloud Function's three entry points, each under functions-framework."""
    endpoints = endpoints_at(ports)
    settings = _settings(endpoints)
    source = project_root() / "functions" / "load_orders" / "main.py"
    targets = {
        "load_orders": ports.function,
        "reconcile_orders": ports.reconcile,
        "maintain_orders": ports.maintain,
    }
    command = [*_MODULE, "functions_framework", "--source", str(source), "--host", _HOST]
    return [
        Service(
            target,
            [*command, "--target", target, "--port", str(port)],
            f"http://{_HOST}:{port}",
            # It knows no harmless request: any answer of its own shows that it is up.
            lambda _: True,
            settings,
        )
        for target, port in targets.items()
    ]


def _settings(endpoints: Endpoints) -> dict[str, str]:
    """Where Postgres and BigQuery are."""
    return {
        "DATABASE_URL": endpoints.postgres,
        "BIGQUERY_PROJECT": endpoints.project,
        "BIGQUERY_DATASET": endpoints.dataset,
        "BIGQUERY_EMULATOR_HOST": endpoints.bigquery,
    }
