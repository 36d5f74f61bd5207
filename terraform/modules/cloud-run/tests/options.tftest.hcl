# Every run is a plan. What is asked for is what Google is asked for, and nothing besides.
mock_provider "google" {}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-api"
  image                 = "gcr.io/cloudrun/hello"
  service_account_email = "tally-api@tally-test.iam.gserviceaccount.com"
}

run "roles_are_exactly_those_listed" {
  command = plan
  variables {
    invokers = {
      orchestrator = "serviceAccount:orchestrator@tally-test.iam.gserviceaccount.com"
      people       = "group:orders@example.com"
    }
    developers = { deploy = "serviceAccount:deploy@tally-test.iam.gserviceaccount.com" }
  }

  assert {
    condition = toset([
      for grant in concat(
        values(google_cloud_run_v2_service_iam_member.invokers),
        values(google_cloud_run_v2_service_iam_member.developers),
        google_cloud_run_v2_service_iam_member.public[*],
      ) : "${grant.name} ${grant.role} ${grant.member}"
      ]) == toset([
      "tally-api roles/run.invoker serviceAccount:orchestrator@tally-test.iam.gserviceaccount.com",
      "tally-api roles/run.invoker group:orders@example.com",
      "tally-api roles/run.developer serviceAccount:deploy@tally-test.iam.gserviceaccount.com",
    ])
    error_message = "Roles differ from those listed."
  }
}

run "public_with_a_reason_lets_everybody_call_and_no_more" {
  command = plan
  variables {
    ingress = "all"
    public  = { enabled = true, reason = "Clients on the internet; the API asks for keys itself." }
  }

  assert {
    condition = [
      for grant in google_cloud_run_v2_service_iam_member.public : "${grant.role} ${grant.member}"
    ] == ["roles/run.invoker allUsers"]
    error_message = "Everybody may do something else than call."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.ingress == "INGRESS_TRAFFIC_ALL"
    error_message = "The internet does not reach it."
  }
}

run "behind_a_load_balancer_nothing_goes_around_it" {
  command = plan
  variables {
    ingress = "internal-and-load-balancer"
  }

  assert {
    condition     = google_cloud_run_v2_service.this.ingress == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
    error_message = "Requests reach it past the load balancer."
  }
}

run "secrets_are_references_never_values" {
  command = plan
  variables {
    env        = { DB_NAME = "tally" }
    secret_env = { JWT_KEYS = { secret = "jwt-keys", version = "3" } }
  }

  assert {
    condition = { for env in google_cloud_run_v2_service.this.template[0].containers[0].env : env.name => (
      length(env.value_source) == 0
      ? env.value
      : "${env.value_source[0].secret_key_ref[0].secret}:${env.value_source[0].secret_key_ref[0].version}"
      ) } == {
      DB_NAME  = "tally"
      JWT_KEYS = "jwt-keys:3"
    }
    error_message = "The environment is not the one given."
  }
}

run "private_addresses_go_through_the_network_and_others_do_not" {
  command = plan
  variables {
    vpc = { network = "projects/p/global/networks/n", subnetwork = "projects/p/regions/r/subnetworks/s" }
  }

  assert {
    condition = (
      google_cloud_run_v2_service.this.template[0].vpc_access[0].egress == "PRIVATE_RANGES_ONLY"
      && google_cloud_run_v2_service.this.template[0].vpc_access[0].network_interfaces[0].subnetwork == "projects/p/regions/r/subnetworks/s"
    )
    error_message = "Direct VPC egress is not for private ranges by that subnetwork."
  }
}

run "datadogs_agent_is_last_and_the_app_does_not_wait_for_it" {
  command = plan
  variables {
    env     = { DD_ENV = "prod", DD_METRICS_ENABLED = "true" }
    datadog = { site = "datadoghq.eu", api_key = { secret = "datadog-api-key", version = "1" } }
  }

  assert {
    condition     = [for container in google_cloud_run_v2_service.this.template[0].containers : container.name] == ["app", "datadog"]
    error_message = "The agent is not the second of two containers."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.template[0].containers[0].depends_on == null
    error_message = "The application waits for the agent."
  }
  assert {
    condition     = length(google_cloud_run_v2_service.this.template[0].containers[1].ports) == 0
    error_message = "Two containers have a port; Cloud Run takes one."
  }
  assert {
    condition = { for env in google_cloud_run_v2_service.this.template[0].containers[1].env : env.name => (
      length(env.value_source) == 0 ? env.value : env.value_source[0].secret_key_ref[0].secret
      ) } == {
      DD_API_KEY     = "datadog-api-key"
      DD_ENV         = "prod"
      DD_HEALTH_PORT = "5555"
      DD_SITE        = "datadoghq.eu"
    }
    error_message = "The agent's environment is another."
  }
  assert {
    condition = (
      google_cloud_run_v2_service.this.template[0].containers[1].startup_probe[0].tcp_socket[0].port == 5555
    )
    error_message = "The agent's probe asks another port than it answers."
  }
}

run "binary_authorization_and_protection_can_be_switched" {
  command = plan
  variables {
    binary_authorization = true
    deletion_protection  = false
    cpu_always           = true
  }

  assert {
    condition     = google_cloud_run_v2_service.this.binary_authorization[0].use_default == true
    error_message = "Binary Authorization is off."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.deletion_protection == false
    error_message = "Deletion protection stays on."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.template[0].containers[0].resources[0].cpu_idle == false
    error_message = "The CPU idles between requests."
  }
}
