"""`poe dag` and `poe airflow`: the DAGs with a real Airflow against the running stack."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from tally_local.endpoints import Endpoints
from tally_local.errors import UserError
from tally_local.stack.processes import environment
from tally_local.state import State, project_root

_PASSWORDS = "simple_auth_manager_passwords.json.generated"

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def dag(
    dag_id: Annotated[str, typer.Argument(help="Its name: that of its file in dags/.")],
    day: Annotated[str | None, typer.Option(help="A UTC day; yesterday when left out.")] = None,
    from_day: Annotated[str | None, typer.Option(help="The first day of a backfill.")] = None,
    to_day: Annotated[str | None, typer.Option(help="Its last day, included.")] = None,
) -> None:
    """Run a DAG to its end, without a scheduler; the logs of its tasks are the output."""
    given = {"day": day, "from_day": from_day, "to_day": to_day}
    params = json.dumps({name: value for name, value in given.items() if value})
    _, env = _prepared()
    migrate = _airflow("db", "migrate")
    subprocess.run(  # noqa: S603  our own command
        migrate, env=env, cwd=project_root(), check=True, capture_output=True
    )
    _become(_airflow("dags", "test", dag_id, "--conf", params), env)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Of Airflow's pages.")] = 8080) -> None:
    """Run all of Airflow until Ctrl-C: its pages, the scheduler and the DAGs, which are paused."""
    home, env = _prepared()
    url = f"http://127.0.0.1:{port}"
    env |= {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        # Each worker holds its memory from the start; Airflow's 32 are for a server.
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
    }
    typer.echo(f"{url}, user admin, password in {home / _PASSWORDS}")
    sys.stdout.flush()
    _become(_airflow("standalone"), env)


def settings(endpoints: Endpoints, home: Path) -> dict[str, str]:
    """Return the environment variables of an Airflow for a stack."""
    anonymous = {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True}}
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project_root() / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(anonymous),
        "BIGQUERY_DATASET": endpoints.dataset,
        "BIGQUERY_EMULATOR_HOST": endpoints.bigquery,
        "BIGQUERY_PROJECT": endpoints.project,
        "TALLY_FUNCTION_URL": endpoints.function,
        "TALLY_MAINTAIN_URL": endpoints.maintain,
        "TALLY_RECONCILE_URL": endpoints.reconcile,
        "UV_PROJECT_ENVIRONMENT": ".venv-airflow",
    }


def _prepared() -> tuple[Path, dict[str, str]]:
    """Return Airflow's home, made when missing, and its environment."""
    state = State()
    try:
        endpoints = Endpoints.of_running_stack(state.endpoints)
        home = state.part("airflow", fresh=False)
    except UserError as error:
        typer.echo(f"tally: {error}", err=True)
        raise typer.Exit(2) from None
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return home, environment(kept, **settings(endpoints, home))


def _airflow(*words: str) -> list[str]:
    """Return a command of Airflow, in its environment, which is installed where it is not."""
    uv = shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is not on the PATH")
    return [uv, "run", "--locked", "--only-group", "airflow", "airflow", *words]


def _become(command: list[str], env: dict[str, str]) -> NoReturn:
    """Leave this process to a command, which then gets the terminal's signals itself."""
    os.chdir(project_root())
    os.execve(command[0], command, env)  # noqa: S606  our own command


if __name__ == "__main__":
    app()
