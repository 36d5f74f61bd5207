# Every run is a plan: each mistake is refused by its own validation.
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

run "a_variable_with_googles_prefix_is_refused" {
  command = plan
  variables {
    env = { X_GOOGLE_TARGET = "x" }
  }

  expect_failures = [var.env]
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
    condition     = google_cloudfunctions2_function.this.service_config[0].available_memory == "1536Mi"
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

run "a_runtime_without_tests_is_refused" {
  command = plan
  variables {
    runtime = "python39"
  }

  expect_failures = [var.runtime]
}

run "an_archive_that_is_no_zip_is_refused" {
  command = plan
  variables {
    source_archive = { bucket = "b", object = "first.tar.gz" }
  }

  expect_failures = [var.source_archive]
}

run "a_building_account_by_its_email_is_refused" {
  command = plan
  variables {
    build_service_account = "build@tally-test.iam.gserviceaccount.com"
  }

  expect_failures = [var.build_service_account]
}

run "a_timeout_of_more_than_an_hour_is_refused" {
  command = plan
  variables {
    timeout_s = 3601
  }

  expect_failures = [var.timeout_s]
}

run "an_unknown_ingress_is_refused" {
  command = plan
  variables {
    ingress = "internal-and-load-balancer"
  }

  expect_failures = [var.ingress]
}

run "no_instances_at_all_is_refused" {
  command = plan
  variables {
    max_instances = 0
  }

  expect_failures = [var.max_instances]
}

run "the_longest_load_with_the_most_memory_of_two_cpus_is_accepted" {
  command = plan
  variables {
    timeout_s = 3600
    cpu       = "2"
    memory    = "8Gi"
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].timeout_seconds == 3600 && google_cloudfunctions2_function.this.service_config[0].available_memory == "8Gi"
    error_message = "An hour with 8Gi is not what was asked for."
  }
}
