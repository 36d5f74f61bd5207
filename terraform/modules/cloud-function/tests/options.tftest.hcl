# Every run is a plan. What is asked for is what Google is asked for, and nothing besides.
mock_provider "google" {}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-load-orders"
  entry_point           = "load_orders"
  source_archive        = { bucket = "tally-test-source", object = "first.zip" }
  build_service_account = "projects/tally-test/serviceAccounts/build@tally-test.iam.gserviceaccount.com"
  service_account_email = "loader@tally-test.iam.gserviceaccount.com"
}

run "roles_are_exactly_those_listed" {
  command = plan
  variables {
    invokers   = { orchestrator = "serviceAccount:orchestrator@tally-test.iam.gserviceaccount.com" }
    developers = { deploy = "serviceAccount:deploy@tally-test.iam.gserviceaccount.com" }
  }

  assert {
    condition = toset([
      for grant in google_cloud_run_v2_service_iam_member.invokers : "${grant.name} ${grant.role} ${grant.member}"
    ]) == toset(["tally-load-orders roles/run.invoker serviceAccount:orchestrator@tally-test.iam.gserviceaccount.com"])
    error_message = "Others than those listed may call it."
  }
  assert {
    condition = toset([
      for grant in google_cloudfunctions2_function_iam_member.developers : "${grant.cloud_function} ${grant.role} ${grant.member}"
    ]) == toset(["tally-load-orders roles/cloudfunctions.developer serviceAccount:deploy@tally-test.iam.gserviceaccount.com"])
    error_message = "Others than those listed may deploy it."
  }
}

run "environment_and_network_are_those_given" {
  command = plan
  variables {
    env        = { DB_NAME = "tally" }
    secret_env = { DD_API_KEY = { secret = "datadog-api-key", version = "1" } }
    vpc        = { network = "projects/p/global/networks/n", subnetwork = "projects/p/regions/r/subnetworks/s" }
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].environment_variables == tomap({ DB_NAME = "tally" })
    error_message = "The environment is not the one given."
  }
  assert {
    condition = [
      for env in google_cloudfunctions2_function.this.service_config[0].secret_environment_variables :
      "${env.key} ${env.project_id} ${env.secret}:${env.version}"
    ] == ["DD_API_KEY tally-test datadog-api-key:1"]
    error_message = "Secrets are not the references given."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.this.service_config[0].direct_vpc_egress == "VPC_EGRESS_PRIVATE_RANGES_ONLY"
      && google_cloudfunctions2_function.this.service_config[0].direct_vpc_network_interface[0].subnetwork == "projects/p/regions/r/subnetworks/s"
    )
    error_message = "Direct VPC egress is not for private ranges by that subnetwork."
  }
}

run "ingress_and_binary_authorization_can_be_switched" {
  command = plan
  variables {
    ingress              = "all"
    binary_authorization = true
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "Requests from outside are kept out."
  }
  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].binary_authorization_policy == "default"
    error_message = "Binary Authorization is off."
  }
}
