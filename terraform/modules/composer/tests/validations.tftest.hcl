mock_provider "google" {}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-test-airflow"
  service_account_email = "orchestrator@tally-test.iam.gserviceaccount.com"
  network_id            = "projects/tally-test/global/networks/tally"
  subnetwork_id         = "projects/tally-test/regions/europe-west1/subnetworks/tally"
}

run "refuses_a_name_with_capitals" {
  command = plan
  variables {
    name = "Tally"
  }
  expect_failures = [var.name]
}

run "refuses_a_name_of_more_than_63_characters" {
  command = plan
  variables {
    name = "a234567890123456789012345678901234567890123456789012345678901234"
  }
  expect_failures = [var.name]
}

run "refuses_an_unknown_size" {
  command = plan
  variables {
    environment_size = "small"
  }
  expect_failures = [var.environment_size]
}

run "refuses_composer_2" {
  command = plan
  variables {
    image_version = "composer-2.9.7-airflow-2.9.3"
  }
  expect_failures = [var.image_version]
}

run "refuses_an_airflow_that_is_not_tested" {
  command = plan
  variables {
    image_version = "composer-3-airflow-2.10.5"
  }
  expect_failures = [var.image_version]
}

run "refuses_airflow_configuration_in_the_environment" {
  command = plan
  variables {
    env = { AIRFLOW__CORE__PARALLELISM = "4" }
  }
  expect_failures = [var.env]
}

run "refuses_a_name_that_composer_keeps" {
  command = plan
  variables {
    env = { GCP_PROJECT = "tally" }
  }
  expect_failures = [var.env]
}

run "refuses_a_package_with_capitals" {
  command = plan
  variables {
    pypi_packages = { Datadog = "" }
  }
  expect_failures = [var.pypi_packages]
}

run "refuses_a_configuration_key_with_a_dot" {
  command = plan
  variables {
    airflow_config = { "core.parallelism" = "4" }
  }
  expect_failures = [var.airflow_config]
}

run "refuses_more_workers_at_least_than_at_most" {
  command = plan
  variables {
    workers = { min_count = 4, max_count = 2 }
  }
  expect_failures = [var.workers]
}

run "refuses_to_keep_history_for_a_week" {
  command = plan
  variables {
    retention_days = 7
  }
  expect_failures = [var.retention_days]
}

run "refuses_maintenance_of_six_hours_a_week" {
  command = plan
  variables {
    maintenance = { recurrence = "FREQ=WEEKLY;BYDAY=SU" }
  }
  expect_failures = [var.maintenance]
}

run "refuses_maintenance_once_a_month" {
  command = plan
  variables {
    maintenance = { recurrence = "FREQ=MONTHLY;BYDAY=SU" }
  }
  expect_failures = [var.maintenance]
}

run "refuses_maintenance_that_ends_before_it_starts" {
  command = plan
  variables {
    maintenance = { end_time = "2026-01-03T07:00:00Z" }
  }
  expect_failures = [var.maintenance]
}

run "refuses_snapshots_without_a_folder" {
  command = plan
  variables {
    snapshots = { location = "tally-snapshots" }
  }
  expect_failures = [var.snapshots]
}

run "refuses_a_range_that_is_none" {
  command = plan
  variables {
    airflow_ui_ranges = { office = "203.0.113.0" }
  }
  expect_failures = [var.airflow_ui_ranges]
}

run "refuses_a_range_by_an_address_within_it" {
  command = plan
  variables {
    airflow_ui_ranges = { office = "203.0.113.7/24" }
  }
  expect_failures = [var.airflow_ui_ranges]
}

run "refuses_everyone_as_writer_of_dags" {
  command = plan
  variables {
    dag_writers = { all = "allUsers" }
  }
  expect_failures = [var.dag_writers]
}

run "refuses_everyone_as_user" {
  command = plan
  variables {
    users = { all = "allAuthenticatedUsers" }
  }
  expect_failures = [var.users]
}

run "accepts_what_is_right" {
  command = plan
  variables {
    name              = "a23456789012345678901234567890123456789012345678901234567890123"
    airflow_ui_ranges = { office = "203.0.113.0/24", one = "2001:db8::1/128" }
    image_version     = "composer-3-airflow-2.11.0-build.4"
    maintenance = {
      start_time = "2026-01-03T09:00:00Z"
      end_time   = "2026-01-03T11:00:00Z"
      recurrence = "FREQ=DAILY"
    }
    pypi_packages = {}
  }

  assert {
    condition     = google_composer_environment.this.config[0].software_config[0].image_version == "composer-3-airflow-2.11.0-build.4"
    error_message = "Composer 3 with Airflow 2.11 and a build must be taken."
  }
}
