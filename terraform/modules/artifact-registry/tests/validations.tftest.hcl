mock_provider "google" {}

variables {
  project_id    = "tally-test"
  region        = "europe-west1"
  repository_id = "tally-dev"
}

run "the_least_that_is_kept_is_accepted" {
  command = plan

  variables {
    kept_versions     = 5
    delete_after_days = 1
  }

  assert {
    condition     = toset([for policy in google_artifact_registry_repository.this.cleanup_policies : policy.id]) == toset(["keep-newest", "delete-old"])
    error_message = "Five versions and one day are the least."
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    repository_id = "Tally"
  }

  expect_failures = [var.repository_id]
}

run "a_name_that_ends_with_a_hyphen_is_refused" {
  command = plan

  variables {
    repository_id = "tally-"
  }

  expect_failures = [var.repository_id]
}

run "keeping_too_few_versions_for_a_rollback_is_refused" {
  command = plan

  variables {
    kept_versions = 4
  }

  expect_failures = [var.kept_versions]
}

run "deleting_at_once_is_refused" {
  command = plan

  variables {
    delete_after_days = 0
  }

  expect_failures = [var.delete_after_days]
}

run "everybody_as_a_writer_is_refused" {
  command = plan

  variables {
    writers = { everybody = "allAuthenticatedUsers" }
  }

  expect_failures = [var.writers]
}

run "everybody_as_a_reader_is_refused" {
  command = plan

  variables {
    readers = { everybody = "allUsers" }
  }

  expect_failures = [var.readers]
}
