# Every run is a plan. What is asked for is what Google is asked for, and nothing besides.
mock_provider "google" {}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-migrate"
  image                 = "gcr.io/cloudrun/hello"
  service_account_email = "migrate@tally-test.iam.gserviceaccount.com"
}

run "roles_are_exactly_those_listed" {
  command = plan
  variables {
    invokers   = { people = "group:orders@example.com" }
    developers = { deploy = "serviceAccount:deploy@tally-test.iam.gserviceaccount.com" }
  }

  assert {
    condition = toset([
      for grant in concat(
        values(google_cloud_run_v2_job_iam_member.invokers),
        values(google_cloud_run_v2_job_iam_member.developers),
      ) : "${grant.name} ${grant.role} ${grant.member}"
      ]) == toset([
      "tally-migrate roles/run.invoker group:orders@example.com",
      "tally-migrate roles/run.developer serviceAccount:deploy@tally-test.iam.gserviceaccount.com",
    ])
    error_message = "Roles differ from those listed."
  }
}

run "command_environment_and_network_are_those_given" {
  command = plan
  variables {
    command    = ["python", "-m", "orders.migrate"]
    args       = ["--check"]
    env        = { DB_NAME = "tally" }
    secret_env = { DATABASE_KEY = { secret = "database-key", version = "2" } }
    vpc        = { network = "projects/p/global/networks/n", subnetwork = "projects/p/regions/r/subnetworks/s" }
  }

  assert {
    condition = concat(
      google_cloud_run_v2_job.this.template[0].template[0].containers[0].command,
      google_cloud_run_v2_job.this.template[0].template[0].containers[0].args,
    ) == tolist(["python", "-m", "orders.migrate", "--check"])
    error_message = "Another command runs."
  }
  assert {
    condition = { for env in google_cloud_run_v2_job.this.template[0].template[0].containers[0].env : env.name => (
      length(env.value_source) == 0
      ? env.value
      : "${env.value_source[0].secret_key_ref[0].secret}:${env.value_source[0].secret_key_ref[0].version}"
      ) } == {
      DB_NAME      = "tally"
      DATABASE_KEY = "database-key:2"
    }
    error_message = "The environment is not the one given."
  }
  assert {
    condition = (
      google_cloud_run_v2_job.this.template[0].template[0].vpc_access[0].egress == "PRIVATE_RANGES_ONLY"
      && google_cloud_run_v2_job.this.template[0].template[0].vpc_access[0].network_interfaces[0].network == "projects/p/global/networks/n"
    )
    error_message = "Direct VPC egress is not for private ranges by that network."
  }
}

run "binary_authorization_can_be_switched_on" {
  command = plan
  variables {
    binary_authorization = true
  }

  assert {
    condition     = google_cloud_run_v2_job.this.binary_authorization[0].use_default == true
    error_message = "Binary Authorization is off."
  }
}
