"""What Terraform tells each program is what the program reads, and all that it needs."""

import ast
import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from load_orders.settings import Settings as FunctionSettings
from orders.grants import MigrationSettings
from orders_api.routes.health import Health
from orders_api.settings import Settings as ApiSettings
from tally_testing.infra.plans import Plan, planned
from tally_testing.infra.terraform import ROOT, Terraform

pytestmark = pytest.mark.infra

each_environment = pytest.mark.parametrize("environment", ["dev", "prod"])
FUNCTIONS = ("load_orders", "reconcile_orders", "maintain_orders")
JWT_KEYS = "v1:0123456789abcdef0123456789abcdef"


def _service(plan: Plan) -> tuple[Mapping[str, Any], ...]:
    (template,) = plan.one("google_cloud_run_v2_service")["template"]
    return tuple(
        {**each, "account": template["service_account"]} for each in template["containers"]
    )


def _api(plan: Plan) -> Mapping[str, Any]:
    (container,) = (each for each in _service(plan) if each["name"] == "app")
    return container


def _job(plan: Plan, name: str) -> Mapping[str, Any]:
    (template,) = plan.one("google_cloud_run_v2_job", f"module.{name}.")["template"]
    (task,) = template["template"]
    (container,) = task["containers"]
    return {**container, "account": task["service_account"]}


def _plain(container: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"] if not each["value_source"]}


def _secret(container: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    return {
        each["name"]: each["value_source"][0]["secret_key_ref"][0]
        for each in container["env"]
        if each["value_source"]
    }


def _keys(settings: type[ApiSettings | FunctionSettings | MigrationSettings]) -> set[str]:
    return {name.upper() for name in settings.model_fields}


@each_environment
def test_the_api_starts_in_production_with_what_it_is_told(
    terraform: Terraform, environment: str
) -> None:
    container = _api(planned(terraform, environment))
    told = {**_plain(container), "JWT_KEYS": JWT_KEYS}
    port = str(container["ports"][0]["container_port"])
    settings = ApiSettings.from_environment({**told, "K_SERVICE": "tally", "PORT": port})
    assert settings.in_production
    assert settings.instance_connection_name
    assert settings.bigquery_project
    assert settings.dd_metrics_enabled
    assert settings.google_audience == f"https://{settings.allowed_hosts[0]}"
    assert set(_secret(container)) == {"JWT_KEYS"}
    assert set(told) <= _keys(ApiSettings)


@each_environment
def test_its_container_is_asked_at_the_port_and_paths_that_it_has(
    terraform: Terraform, environment: str
) -> None:
    container = _api(planned(terraform, environment))
    contract = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())
    asked = {
        kind: container[kind][0]["http_get"][0]
        for kind in ("startup_probe", "liveness_probe", "readiness_probe")
    }
    assert {kind: get["path"] for kind, get in asked.items()} == {
        "startup_probe": "/health/startup",
        "liveness_probe": "/health/live",
        "readiness_probe": "/health/ready",
    }
    assert {get["path"] for get in asked.values()} <= set(contract["paths"])
    ports = {get["port"] for get in asked.values()}
    assert ports == {port["container_port"] for port in container["ports"]} == {8080}


@each_environment
def test_google_asks_from_around_the_world_what_the_api_answers(
    terraform: Terraform, environment: str
) -> None:
    plan = planned(terraform, environment)
    check = plan.one("google_monitoring_uptime_check_config")
    host = check["monitored_resource"][0]["labels"]["host"]
    assert f"https://{host}" == _plain(_api(plan))["GOOGLE_AUDIENCE"]
    contract = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())
    assert check["http_check"][0]["path"] in contract["paths"]
    assert check["content_matchers"][0]["content"] in Health().model_dump_json()


@each_environment
def test_the_functions_start_with_what_they_are_told(
    terraform: Terraform, environment: str
) -> None:
    plan = planned(terraform, environment)
    entry_points = set()
    for function in plan.of("google_cloudfunctions2_function"):
        (service,) = function.values["service_config"]
        told = service["environment_variables"]
        settings = FunctionSettings.from_environment(told)
        assert settings.instance_connection_name
        # Cloud Run's agent reads the project; the libraries of Google do, too.
        assert set(told) - {"GOOGLE_CLOUD_PROJECT"} <= _keys(FunctionSettings)
        entry_points.add(function.values["build_config"][0]["entry_point"])
    main = ast.parse((ROOT / "functions" / "load_orders" / "main.py").read_text())
    defined = {node.name for node in main.body if isinstance(node, ast.FunctionDef)}
    assert entry_points == defined == set(FUNCTIONS)


@each_environment
def test_the_job_that_migrates_is_told_whom_to_grant_what(
    terraform: Terraform, environment: str
) -> None:
    plan = planned(terraform, environment)
    job = _job(plan, "migrate")
    told = _plain(job)
    settings = MigrationSettings.from_environment(told)
    assert set(told) <= _keys(MigrationSettings)
    users = {user.values["name"] for user in plan.of("google_sql_user")}
    assert {settings.db_user, settings.db_api_user, settings.db_loader_user} == users
    assert _plain(_api(plan))["DB_USER"] == settings.db_api_user
    assert job["command"][:2] == ["python", "-m"]
    assert importlib.util.find_spec(job["command"][2])


@each_environment
def test_the_job_that_makes_the_first_administrator_can(
    terraform: Terraform, environment: str
) -> None:
    job = _job(planned(terraform, environment), "admin")
    told = _plain(job)
    assert ApiSettings.from_environment(told).db_user == told["DB_USER"]
    assert set(told) <= _keys(ApiSettings)
    (password,) = _secret(job)
    module = importlib.util.find_spec(job["command"][2])
    assert module is not None
    assert module.origin is not None
    assert f'environment.get("{password}")' in Path(module.origin).read_text()


def test_the_workflows_are_told_what_they_read(terraform: Terraform) -> None:
    read = re.compile(r'sys\.get_env\(\\?"(\w+)\\?"(, )?')
    workflows = list(planned(terraform, "dev").of("google_workflows_workflow"))
    assert len(workflows) == len(list((ROOT / "dags" / "workflows").glob("*.yaml")))
    for workflow in workflows:
        told = set(workflow.values["user_env_vars"])
        found = read.findall(workflow.values["source_contents"])
        asked = {name for name, default in found if not default}
        assert {name for name in asked if not name.startswith("GOOGLE_CLOUD_")} <= told
    everything = "".join(workflow.values["source_contents"] for workflow in workflows)
    assert told <= {name for name, _ in read.findall(everything)}


def test_airflow_is_told_what_the_dags_read(terraform: Terraform) -> None:
    (config,) = planned(terraform, "prod").one("google_composer_environment")["config"]
    (software,) = config["software_config"]
    told = set(software["env_variables"])
    source = (ROOT / "dags" / "tally_dags" / "config.py").read_text()
    constants = [
        node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)
    ]
    read = {
        str(value) for value in constants if re.fullmatch(r"(TALLY|BIGQUERY)_[A-Z_]+", str(value))
    }
    # A limit that has a default in the code.
    assert told == read - {"BIGQUERY_MAXIMUM_BYTES_BILLED"}


@each_environment
def test_every_secret_has_a_version_and_whoever_needs_it_may_read_it(
    terraform: Terraform, environment: str
) -> None:
    plan = planned(terraform, environment)
    made = {
        each.values["secret_id"]: each.address for each in plan.of("google_secret_manager_secret")
    }
    versions = {each.address for each in plan.of("google_secret_manager_secret_version")}
    readers = {
        (each.values["secret_id"], each.values["member"])
        for each in plan.of("google_secret_manager_secret_iam_member")
    }
    needed = {
        (secret["secret"], f"serviceAccount:{container['account']}")
        for container in (*_service(plan), _job(plan, "migrate"), _job(plan, "admin"))
        for secret in _secret(container).values()
    }
    assert needed == readers
    assert {secret for secret, _ in needed} == set(made)
    assert {
        address.replace("_secret.", "_secret_version.") for address in made.values()
    } == versions
    for secret in plan.of("google_secret_manager_secret_version"):
        assert secret.values["secret_data"] is None
        assert secret.values["secret_data_wo"] is None


def test_builds_are_told_what_they_ask_for() -> None:
    build = (ROOT / "cloudbuild.yaml").read_text()
    asked = set(re.findall(r"\$\{(_[A-Z0-9_]+)\}", build))
    defaults = yaml.safe_load(build)["substitutions"]
    outputs = (ROOT / "terraform" / "modules" / "stack" / "outputs.tf").read_text()
    told = set(re.findall(r"^ {4}(_[A-Z0-9_]+) +=", outputs, re.MULTILINE))
    # A substitution that nothing uses is refused, too.
    assert told <= asked
    assert asked - set(defaults) == (told - {"_DAGS", "_SQL_BUCKET"}) | {"_TAG"}
