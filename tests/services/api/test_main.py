"""The entry point that servers are given."""

import os
import subprocess
import sys

import httpx

from tally_local.ports import free_port


def test_importing_the_entry_point_reads_and_connects_nothing() -> None:
    environment = os.environ | {"DATABASE_URL": "no url at all", "DB_POOL_SIZE": "no number"}
    command = [sys.executable, "-c", "from orders_api.main import app; print(app.title)"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "Tally orders API\n"


def test_uvicorn_serves_it_with_the_environments_database(database_url: str) -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "orders_api.main:app", "--port", str(port)]
    environment = os.environ | {"DATABASE_URL": database_url}
    with (
        subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server,
        httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client,
    ):
        try:
            response = client.get(f"http://127.0.0.1:{port}/health/ready")
            assert response.json() == {"status": "ok"}
        finally:
            server.terminate()
