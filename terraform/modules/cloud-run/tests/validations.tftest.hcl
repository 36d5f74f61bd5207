# Every run is a plan: each mistake is refused by its own validation.
mock_provider "google" {}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-api"
  image                 = "gcr.io/cloudrun/hello"
  service_account_email = "tally-api@tally-test.iam.gserviceaccount.com"
}

run "a_name_with_an_underscore_is_refused" {
  command = plan
  variables {
    name = "tally_api"
  }

  expect_failures = [var.name]
}

run "a_name_that_ends_in_a_hyphen_is_refused" {
  command = plan
  variables {
    name = "tally-"
  }

  expect_failures = [var.name]
}

run "the_projects_default_account_is_refused" {
  command = plan
  variables {
    service_account_email = "123-compute@developer.gserviceaccount.com"
  }

  expect_failures = [var.service_account_email]
}

run "a_variable_that_google_sets_is_refused" {
  command = plan
  variables {
    env = { PORT = "x" }
  }

  expect_failures = [var.env]
}

run "a_variable_with_a_hyphen_is_refused" {
  command = plan
  variables {
    env = { DB-NAME = "tally" }
  }

  expect_failures = [var.env]
}

run "a_name_that_is_plain_and_secret_is_refused" {
  command = plan
  variables {
    env        = { KEY = "x" }
    secret_env = { KEY = { secret = "key", version = "1" } }
  }

  expect_failures = [var.secret_env]
}

run "the_latest_version_of_a_secret_is_refused" {
  command = plan
  variables {
    secret_env = { KEY = { secret = "key", version = "latest" } }
  }

  expect_failures = [var.secret_env]
}

run "three_cpus_are_refused" {
  command = plan
  variables {
    cpu = "3"
  }

  expect_failures = [var.cpu]
}

run "memory_below_512Mi_is_refused" {
  command = plan
  variables {
    memory = "256Mi"
  }

  expect_failures = [var.memory]
}

run "memory_in_a_unit_that_google_does_not_know_is_refused" {
  command = plan
  variables {
    memory = "1GB"
  }

  expect_failures = [var.memory]
}

run "memory_between_two_powers_is_accepted" {
  command = plan
  variables {
    memory = "1536Mi"
  }

  assert {
    condition     = google_cloud_run_v2_service.this.template[0].containers[0].resources[0].limits["memory"] == "1536Mi"
    error_message = "An instance has other memory than was asked for."
  }
}

run "more_memory_than_one_cpu_takes_is_refused" {
  command = plan
  variables {
    memory = "8Gi"
  }

  expect_failures = [var.memory]
}

run "less_memory_than_four_cpus_need_is_refused" {
  command = plan
  variables {
    cpu    = "4"
    memory = "1Gi"
  }

  expect_failures = [var.memory]
}

run "everybody_is_refused_as_an_invoker" {
  command = plan
  variables {
    invokers = { all = "allUsers" }
  }

  expect_failures = [var.invokers]
}

run "every_google_account_is_refused_as_an_invoker" {
  command = plan
  variables {
    invokers = { all = "allAuthenticatedUsers" }
  }

  expect_failures = [var.invokers]
}

run "an_address_without_its_kind_is_refused_as_a_developer" {
  command = plan
  variables {
    developers = { me = "me@example.com" }
  }

  expect_failures = [var.developers]
}

run "public_without_a_reason_is_refused" {
  command = plan
  variables {
    ingress = "all"
    public  = { enabled = true }
  }

  expect_failures = [var.public]
}

run "public_with_a_word_for_a_reason_is_refused" {
  command = plan
  variables {
    ingress = "all"
    public  = { enabled = true, reason = "because" }
  }

  expect_failures = [var.public]
}

run "public_that_nobody_reaches_is_refused" {
  command = plan
  variables {
    public = { enabled = true, reason = "Clients on the internet." }
  }

  expect_failures = [google_cloud_run_v2_service.this]
}

run "an_unknown_ingress_is_refused" {
  command = plan
  variables {
    ingress = "public"
  }

  expect_failures = [var.ingress]
}

run "more_instances_waiting_than_allowed_is_refused" {
  command = plan
  variables {
    min_instances = 5
    max_instances = 2
  }

  expect_failures = [google_cloud_run_v2_service.this]
}

run "a_concurrency_above_1000_is_refused" {
  command = plan
  variables {
    concurrency = 1001
  }

  expect_failures = [var.concurrency]
}

run "a_timeout_of_more_than_an_hour_is_refused" {
  command = plan
  variables {
    timeout_s = 3601
  }

  expect_failures = [var.timeout_s]
}

run "half_an_instance_is_refused" {
  command = plan
  variables {
    max_instances = 1.5
  }

  expect_failures = [var.max_instances]
}

run "the_latest_version_of_the_agents_key_is_refused" {
  command = plan
  variables {
    datadog = { api_key = { secret = "key", version = "latest" } }
  }

  expect_failures = [var.datadog]
}

run "limits_themselves_are_accepted" {
  command = plan
  variables {
    cpu           = "8"
    memory        = "32Gi"
    concurrency   = 1000
    timeout_s     = 3600
    min_instances = 10
    max_instances = 10
  }

  assert {
    condition     = google_cloud_run_v2_service.this.template[0].containers[0].resources[0].limits == tomap({ cpu = "8", memory = "32Gi" })
    error_message = "The largest instance is not what was asked for."
  }
}
