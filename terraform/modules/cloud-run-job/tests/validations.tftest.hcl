# Every run is a plan: each mistake is refused by its own validation.
mock_provider "google" {}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-migrate"
  image                 = "gcr.io/cloudrun/hello"
  service_account_email = "migrate@tally-test.iam.gserviceaccount.com"
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
    env = { CLOUD_RUN_JOB = "x" }
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
    condition     = google_cloud_run_v2_job.this.template[0].template[0].containers[0].resources[0].limits["memory"] == "1536Mi"
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

run "a_timeout_of_more_than_a_day_is_refused" {
  command = plan
  variables {
    timeout_s = 86401
  }

  expect_failures = [var.timeout_s]
}

run "eleven_retries_are_refused" {
  command = plan
  variables {
    max_retries = 11
  }

  expect_failures = [var.max_retries]
}

run "limits_themselves_are_accepted" {
  command = plan
  variables {
    timeout_s   = 86400
    max_retries = 10
  }

  assert {
    condition     = google_cloud_run_v2_job.this.template[0].template[0].timeout == "86400s" && google_cloud_run_v2_job.this.template[0].template[0].max_retries == 10
    error_message = "A day and ten retries are not what was asked for."
  }
}
