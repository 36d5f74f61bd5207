"""What compose.yaml says of our images holds: their ports, settings, checks and limits."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from load_orders.settings import Settings as FunctionSettings
from orders.settings import DatabaseSettings
from orders_api.settings import Settings as ApiSettings

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())[
    "services"
]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ONCE = {"migrate", "warehouse"}
KNOWN = {
    "services/api/Dockerfile": {*ApiSettings.model_fields, *DatabaseSettings.model_fields},
    "functions/load_orders/Dockerfile": {*FunctionSettings.model_fields, "function_target"},
    "services/local/Dockerfile": set(),
}


def dockerfile(service: dict[str, Any]) -> str:
    return Path(ROOT, service["build"]["dockerfile"]).read_text()


def test_the_services_are_these() -> None:
    assert set(OURS) == {
        "api", "migrate", "warehouse", "bigquery",
        "load-orders", "reconcile-orders", "maintain-orders",
    }  # fmt: skip
    assert set(SERVICES) - set(OURS) == {"postgres", "postgres-test", "datadog"}
    profiles = {name: one["profiles"] for name, one in SERVICES.items() if "profiles" in one}
    assert profiles == {"postgres-test": ["test"], "datadog": ["observability"]}


@pytest.mark.parametrize("name", OURS)
def test_our_images_run_with_nothing_that_they_do_not_need(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user", "network_mode", "pid"} & set(service)
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")


def test_no_two_builds_give_their_image_the_same_name() -> None:
    assert not [name for name, service in OURS.items() if "image" in service]


def test_postgres_is_asked_where_its_callers_will_ask() -> None:
    for name in ("postgres", "postgres-test"):
        check = SERVICES[name]["healthcheck"]["test"]
        # On its socket it answers while a new volume is prepared, and then it ends.
        assert check[:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]


def test_ports_are_open_on_this_machine_only_and_none_is_taken_twice() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.rsplit(":", 1)[0] for port in ports}) == len(ports)


@pytest.mark.parametrize("name", [name for name in OURS if "ports" in OURS[name]])
def test_a_port_is_the_one_that_the_image_listens_on(name: str) -> None:
    (exposed,) = re.findall(r"^EXPOSE (\d+)$", dockerfile(OURS[name]), re.MULTILINE)
    assert f"PORT={exposed}" in dockerfile(OURS[name])
    assert [port.rsplit(":", 1)[1] for port in OURS[name]["ports"]] == [exposed]


@pytest.mark.parametrize("name", OURS)
def test_what_a_service_is_told_is_a_setting_that_it_reads(name: str) -> None:
    told = {key.lower() for key in OURS[name].get("environment", {})}
    assert told <= KNOWN[OURS[name]["build"]["dockerfile"]]


@pytest.mark.parametrize("name", OURS)
def test_postgres_is_where_and_as_it_is_told(name: str) -> None:
    as_told = SERVICES["postgres"]["environment"]
    user, password, database = (as_told[f"POSTGRES_{key}"] for key in ("USER", "PASSWORD", "DB"))
    url = OURS[name].get("environment", {}).get("DATABASE_URL")
    assert url in {None, f"postgresql://{user}:{password}@postgres:5432/{database}"}


def test_each_entry_point_of_the_function_is_a_service() -> None:
    source = ast.parse((ROOT / "functions/load_orders/main.py").read_text())
    entries = {node.name for node in source.body if isinstance(node, ast.FunctionDef)}
    targets = {
        service["environment"]["FUNCTION_TARGET"]
        for service in OURS.values()
        if "FUNCTION_TARGET" in service.get("environment", {})
    }
    assert targets == entries


@pytest.mark.parametrize("name", OURS)
def test_what_is_waited_for_can_come_true(name: str) -> None:
    for needed, how in OURS[name].get("depends_on", {}).items():
        other = SERVICES[needed]
        match how["condition"]:
            case "service_healthy":
                assert "healthcheck" in other or "\nHEALTHCHECK " in dockerfile(other)
            case "service_completed_successfully":
                assert needed in ONCE
            case condition:
                assert condition == "service_started"
