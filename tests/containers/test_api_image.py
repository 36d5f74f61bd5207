"""What is in the API's image, and what is not."""

import json
from collections.abc import Callable

import pytest

from tally_testing.containers import Engine
from tally_testing.containers.running import image_config, run_once

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

MOST_BYTES = 150_000_000
WHO = "import os; print(os.getuid(), os.getgid())"
SHARED_OBJECTS = """
import ctypes, json, pathlib
found = {}
for path in pathlib.Path("/app").rglob("*.so*"):
    ctypes.CDLL(str(path))
    found[str(path)] = b"\\0.symtab\\0" in path.read_bytes()
print(json.dumps(found))
"""
# Nothing of how it was built or is tested, and no secrets of the checkout.
STRANGE = ("uv", "pip", ".cache", ".git", ".env", "Dockerfile", "tally_testing", "tally_local")


def test_what_it_adds_to_its_base_is_small(
    engine: Engine, api_image: str, base_image: str, report: Callable[[str], None]
) -> None:
    def inspected(image: str) -> tuple[int, int]:
        size, layers = "{{.Size}}", "{{len .RootFS.Layers}}"
        found = engine("image", "inspect", f"--format={size} {layers}", image).split()
        return int(found[0]), int(found[1])

    size, layers = inspected(api_image)
    base_size, base_layers = inspected(base_image)
    # As a registry keeps it, and an instance fetches it.
    packed = int(run_once(engine, api_image, "sh", "-c", "tar -cz /app | wc -c"))
    report(
        f"API image: {size / 1e6:.0f} MB in {layers} layers, of which {base_image}"
        f" {base_size / 1e6:.0f} MB in {base_layers}; environment and code"
        f" {(size - base_size) / 1e6:.0f} MB, {packed / 1e6:.0f} MB compressed"
    )
    assert 10_000_000 < packed <= MOST_BYTES
    assert layers - base_layers <= 3


def test_it_holds_nothing_of_how_it_was_built(engine: Engine, api_image: str) -> None:
    names = " -o ".join(f"-name '{name}'" for name in STRANGE)
    found = run_once(
        engine,
        api_image,
        "sh", "-c", f"find /app /root /home /tmp /src /opt {names} 2>/dev/null || true",
        options=("--user=0:0",),
    )  # fmt: skip
    assert found.split() == []


def test_it_says_how_it_is_run_and_holds_no_secret(
    engine: Engine, api_image: str, base_image: str
) -> None:
    config = image_config(engine, api_image)
    assert config["User"] == "10001:10001"
    assert config["Cmd"] == ["python", "-m", "orders_api"]
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert set(config["ExposedPorts"]) == {"8080/tcp"}
    assert config["Labels"]["org.opencontainers.image.title"] == "tally-api"
    base = image_config(engine, base_image).get("Env") or []
    added = dict(pair.split("=", 1) for pair in config["Env"] if pair not in base)
    assert added.pop("PATH").startswith("/app/.venv/bin:")
    assert added == {
        "AUTH": "required",
        "HOME": "/tmp",  # noqa: S108  the one place that may be written
        "HOST": "0.0.0.0",  # noqa: S104  who may call is the platform's to say
        "PORT": "8080",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    steps = engine("history", "--no-trunc", "--format={{json .}}", api_image)
    assert "orders_api" in steps
    for word in ("JWT_KEYS", "DATABASE_URL", "PASSWORD", "token", "secret"):
        assert word.lower() not in steps.lower()


def test_it_may_change_nothing_of_itself(engine: Engine, api_image: str) -> None:
    assert run_once(engine, api_image, "python", "-c", WHO).split() == ["10001", "10001"]
    writable = "find / -xdev -path /proc -prune -o -writable -not -type l -print 2>/dev/null"
    changed = run_once(
        engine, api_image, "sh", "-c", f"{writable} || true", options=("--read-only=false",)
    )
    # The base's own places for all; a read-only root closes them too.
    places = ("/dev", "/run/lock", "/tmp", "/var/tmp")  # noqa: S108
    assert [path for path in changed.split() if not path.startswith(places)] == []


def test_all_that_a_request_may_need_can_be_imported(engine: Engine, api_image: str) -> None:
    modules = ["pyarrow.csv", "pyarrow.parquet", "google.cloud.bigquery", "orders_api.main"]
    modules += ["google.cloud.sql.connector", "orders_api.create_admin", "orders.migrate"]
    program = f"import {', '.join(modules)}, json; print(json.dumps('imported'))"
    assert json.loads(run_once(engine, api_image, "python", "-c", program)) == "imported"


def test_every_shared_object_loads_and_none_holds_symbols_for_debuggers(
    engine: Engine, api_image: str
) -> None:
    found = json.loads(run_once(engine, api_image, "python", "-c", SHARED_OBJECTS))
    assert any("libarrow.so" in path for path in found)
    assert [path for path, has_symbols in found.items() if has_symbols] == []
