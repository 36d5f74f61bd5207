"""Each API that a resource needs is turned on, and no other."""

import re

import pytest

from tally_testing.infra.plans import Plan, planned
from tally_testing.infra.terraform import Terraform

pytestmark = pytest.mark.infra

each_environment = pytest.mark.parametrize("environment", ["dev", "prod"])

# Of Google's REST reference: the service that each kind of resource is a part of.
SERVICES = {
    "google_artifact_registry_": "artifactregistry",
    "google_bigquery_": "bigquery",
    "google_billing_budget": "billingbudgets",
    "google_cloud_run_v2_": "run",
    "google_cloud_scheduler_": "cloudscheduler",
    "google_cloudfunctions2_": "cloudfunctions",
    "google_composer_": "composer",
    "google_compute_": "compute",
    "google_dns_": "dns",
    "google_iam_workload_identity_": "iam",
    "google_monitoring_": "monitoring",
    "google_project_iam_": "cloudresourcemanager",
    "google_project_service": "serviceusage",
    "google_pubsub_": "pubsub",
    "google_secret_manager_": "secretmanager",
    "google_service_account": "iam",
    "google_service_networking_": "servicenetworking",
    "google_sql_": "sqladmin",
    "google_storage_": "storage",
    "google_workflows_": "workflows",
}
# What no resource here needs, but what runs does.
CALLED = {
    "cloudbuild": "gcloud builds submit, and the functions' builds",
    "containeranalysis": "where Cloud Build keeps an image's provenance",
    "containerscanning": "scans what is pushed",
    "iamcredentials": "id tokens of the deployment",
    "logging": "everybody's lines",
    "sts": "GitHub's tokens are exchanged there",
}
ONLY_IN = {
    "workflowexecutions": "dev",
    # An endpoint for Google's APIs is registered there, Composer's way to the functions.
    "servicedirectory": "prod",
}


def _on(plan: Plan) -> set[str]:
    return {
        each.values["service"].removesuffix(".googleapis.com")
        for each in plan.of("google_project_service")
    }


def _service(kind: str) -> str:
    (service,) = {name for prefix, name in SERVICES.items() if kind.startswith(prefix)}
    return service


@each_environment
def test_the_apis_that_are_on_are_those_that_are_called(
    terraform: Terraform, environment: str
) -> None:
    plan = planned(terraform, environment)
    needed = {_service(resource.type) for resource in plan.resources}
    needed |= {name for name, where in ONLY_IN.items() if where == environment}
    assert _on(plan) == needed | set(CALLED)


def test_the_scheduler_calls_an_api_that_is_on(terraform: Terraform) -> None:
    plan = planned(terraform, "dev")
    for job in plan.of("google_cloud_scheduler_job"):
        (target,) = job.values["http_target"]
        (service,) = re.findall(r"^https://(\w+)\.googleapis\.com/", target["uri"])
        assert service in _on(plan)
