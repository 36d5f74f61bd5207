mock_provider "google" {}

variables {
  project_id = "tally-test"
  location   = "EU"
}

run "refuses_a_hyphen_in_the_dataset" {
  command = plan
  variables {
    dataset_id = "analytics-dev"
  }
  expect_failures = [var.dataset_id]
}

run "refuses_everyone_as_reader" {
  command = plan
  variables {
    readers = { all = "allUsers" }
  }
  expect_failures = [var.readers]
}

run "refuses_every_account_as_editor" {
  command = plan
  variables {
    editors = { all = "allAuthenticatedUsers" }
  }
  expect_failures = [var.editors]
}

run "refuses_everyone_as_owner" {
  command = plan
  variables {
    owners = { all = "allUsers" }
  }
  expect_failures = [var.owners]
}

run "refuses_a_stage_that_is_gone_before_it_is_read" {
  command = plan
  variables {
    stage_days = 2
  }
  expect_failures = [var.stage_days]
}

run "refuses_a_time_travel_that_is_no_day" {
  command = plan
  variables {
    time_travel_hours = 50
  }
  expect_failures = [var.time_travel_hours]
}

run "accepts_what_is_right" {
  command = plan
  variables {
    dataset_id          = "analytics_dev"
    stage_days          = 14
    time_travel_hours   = 48
    deletion_protection = false
    readers             = { analysts = "group:analysts@example.com" }
  }

  assert {
    condition     = google_bigquery_dataset.this.delete_contents_on_destroy && !google_bigquery_table.this["orders"].deletion_protection
    error_message = "A dataset without protection must go with its tables."
  }
}
