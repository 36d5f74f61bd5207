# Every run is a plan: each mistake is refused by its own validation.
mock_provider "google" {}

variables {
  project_id = "tally-test"
  name       = "tally-test-dags-sql"
  location   = "europe-west1"
}

run "a_name_with_capitals_is_refused" {
  command = plan
  variables {
    name = "Tally"
  }

  expect_failures = [var.name]
}

run "a_name_that_google_keeps_for_itself_is_refused" {
  command = plan
  variables {
    name = "goog-tally"
  }

  expect_failures = [var.name]
}

run "a_name_with_google_in_it_is_refused" {
  command = plan
  variables {
    name = "my-g00gle-bucket"
  }

  expect_failures = [var.name]
}

run "older_versions_deleted_at_once_are_refused" {
  command = plan
  variables {
    noncurrent_days = 0
  }

  expect_failures = [var.noncurrent_days]
}

run "objects_deleted_at_once_are_refused" {
  command = plan
  variables {
    delete_after_days = 0
  }

  expect_failures = [var.delete_after_days]
}

run "a_soft_delete_of_three_days_is_refused" {
  command = plan
  variables {
    soft_delete_days = 3
  }

  expect_failures = [var.soft_delete_days]
}

run "everybody_is_refused_as_a_reader" {
  command = plan
  variables {
    readers = { all = "allUsers" }
  }

  expect_failures = [var.readers]
}

run "every_google_account_is_refused_as_a_writer" {
  command = plan
  variables {
    writers = { all = "allAuthenticatedUsers" }
  }

  expect_failures = [var.writers]
}

run "no_soft_delete_is_accepted" {
  command = plan
  variables {
    soft_delete_days = 0
  }

  assert {
    condition     = google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "Deleted objects stay."
  }
}

run "the_longest_soft_delete_is_accepted" {
  command = plan
  variables {
    soft_delete_days = 90
  }

  assert {
    condition     = google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 7776000
    error_message = "Deleted objects do not stay for 90 days."
  }
}
