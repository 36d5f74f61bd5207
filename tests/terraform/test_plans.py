"""What each environment would make, and who may do what there.

`UPDATE_SNAPSHOTS=1` writes the lists anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tally_testing.infra.plans import Plan, Resource, planned
from tally_testing.infra.terraform import Terraform

pytestmark = pytest.mark.infra

SNAPSHOTS = Path(__file__).parent / "snapshots"
ACCOUNTS = "@acme-orders.iam.gserviceaccount.com"
PUBLIC = {"allUsers", "allAuthenticatedUsers"}
# Where a grant is made, the finest first; none of them: on the project.
PLACES = (
    *("repository", "secret_id", "dataset_id", "cloud_function", "bucket", "topic", "subscription"),
    *("service_account_id", "name"),
)

each_environment = pytest.mark.parametrize("environment", ["dev", "prod"])


def _held(name: str, lines: list[str]) -> None:
    file = SNAPSHOTS / name
    text = "".join(f"{line}\n" for line in lines)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(text)
    assert file.read_text() == text, "if it shall be so: UPDATE_SNAPSHOTS=1 uv run poe infra"


def _grants(plan: Plan) -> Iterator[Resource]:
    for resource in plan.resources:
        if resource.type.endswith("_iam_member"):
            yield resource


def _sentence(grant: Resource) -> str:
    member = grant.values["member"].removeprefix("serviceAccount:").removesuffix(ACCOUNTS)
    place = next((grant.values[key] for key in PLACES if grant.values.get(key)), "the project")
    kind = grant.type.removeprefix("google_").removesuffix("_iam_member")
    where = place if kind == "project" else f"{kind} {place.rpartition('/')[2]}"
    return f"{member}: {grant.values['role']} on {where.removesuffix(ACCOUNTS)}"


@each_environment
def test_these_resources_are_made(terraform: Terraform, environment: str) -> None:
    plan = planned(terraform, environment)
    _held(f"{environment}.txt", [resource.address for resource in plan.resources])


@each_environment
def test_these_may_do_this(terraform: Terraform, environment: str) -> None:
    plan = planned(terraform, environment)
    _held(f"{environment}_access.txt", sorted(map(_sentence, _grants(plan))))


@each_environment
def test_access_is_only_ever_added_and_in_one_way(terraform: Terraform, environment: str) -> None:
    types = {resource.type for resource in planned(terraform, environment).resources}
    assert not {kind for kind in types if kind.endswith(("_iam_policy", "_iam_binding"))}
    # They overwrite the members of the dataset.
    assert "google_bigquery_dataset_access" not in types


@each_environment
def test_the_internet_may_call_the_api_and_nothing_else(
    terraform: Terraform, environment: str
) -> None:
    plan = planned(terraform, environment)
    public = [grant for grant in _grants(plan) if grant.values["member"] in PUBLIC]
    service = plan.one("google_cloud_run_v2_service")
    assert [(each.values["name"], each.values["role"]) for each in public] == [
        (service["name"], "roles/run.invoker")
    ]


@each_environment
def test_postgres_has_no_public_address_and_no_password(
    terraform: Terraform, environment: str
) -> None:
    plan = planned(terraform, environment)
    (settings,) = plan.one("google_sql_database_instance")["settings"]
    (addresses,) = settings["ip_configuration"]
    assert not addresses["ipv4_enabled"]
    assert settings["connector_enforcement"] == "REQUIRED"
    users = list(plan.of("google_sql_user"))
    assert {user.values["type"] for user in users} == {"CLOUD_IAM_SERVICE_ACCOUNT"}
    assert not any(user.values.get("password") for user in users)


@each_environment
def test_what_holds_data_cannot_be_destroyed_by_mistake(
    terraform: Terraform, environment: str
) -> None:
    plan = planned(terraform, environment)
    unprotected = [
        resource.address
        for resource in plan.resources
        if resource.values.get("deletion_protection") is False
        or resource.values.get("force_destroy")
    ]
    assert all(".google_bigquery_table.view[" in address for address in unprotected)
    (settings,) = plan.one("google_sql_database_instance")["settings"]
    assert settings["deletion_protection_enabled"]


@each_environment
def test_no_role_of_the_whole_project_is_a_basic_one(
    terraform: Terraform, environment: str
) -> None:
    grants = planned(terraform, environment).of("google_project_iam_member")
    roles = {grant.values["role"] for grant in grants}
    assert roles
    assert not roles & {"roles/owner", "roles/editor", "roles/viewer"}
    assert not {role for role in roles if role.lower().endswith("admin")}


def test_prod_is_what_prod_must_be(terraform: Terraform) -> None:
    plan = planned(terraform, "prod")
    (settings,) = plan.one("google_sql_database_instance")["settings"]
    (backups,) = settings["backup_configuration"]
    assert settings["availability_type"] == "REGIONAL"
    assert backups["point_in_time_recovery_enabled"]
    assert len(list(plan.of("google_composer_environment"))) == 1
    ingress = plan.one("google_cloud_run_v2_service")["ingress"]
    assert ingress == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"


def test_dev_costs_little(terraform: Terraform) -> None:
    plan = planned(terraform, "dev")
    (settings,) = plan.one("google_sql_database_instance")["settings"]
    (scaling,) = plan.one("google_cloud_run_v2_service")["scaling"]
    assert (settings["tier"], settings["availability_type"]) == ("db-f1-micro", "ZONAL")
    assert scaling["min_instance_count"] == 0
    expensive = ("google_composer_environment", "google_compute_global_forwarding_rule")
    assert not [kind for kind in expensive if list(plan.of(kind))]
