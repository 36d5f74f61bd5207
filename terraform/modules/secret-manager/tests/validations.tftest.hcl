mock_provider "google" {}

variables {
  project_id = "tally-test"
  secret_id  = "tally-dev-jwt-keys"
  value      = "x"
}

run "the_shortest_value_is_accepted" {
  command = plan

  variables {
    secret_id = "A_b-9"
    accessors = { airflow = "principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/tally-test.svc.id.goog/subject/ns/airflow/sa/worker" }
  }

  assert {
    condition     = google_secret_manager_secret.this.secret_id == "A_b-9" && length(google_secret_manager_secret_iam_member.accessor) == 1
    error_message = "One character is a value, and a Kubernetes service account a member."
  }
}

run "a_name_with_a_path_is_refused" {
  command = plan

  variables {
    secret_id = "projects/tally-test/secrets/jwt"
  }

  expect_failures = [var.secret_id]
}

run "an_empty_value_is_refused" {
  command = plan

  variables {
    value = ""
  }

  expect_failures = [var.value]
}

run "a_value_that_secret_manager_does_not_keep_is_refused" {
  command = plan

  variables {
    value = join("", [for chunk in range(1024) : "0123456789012345678901234567890123456789012345678901234567890123x"])
  }

  expect_failures = [var.value]
}

run "a_version_below_one_is_refused" {
  command = plan

  variables {
    value_version = 0
  }

  expect_failures = [var.value_version]
}

run "half_a_version_is_refused" {
  command = plan

  variables {
    value_version = 1.5
  }

  expect_failures = [var.value_version]
}

run "everybody_as_an_accessor_is_refused" {
  command = plan

  variables {
    accessors = { everybody = "allUsers" }
  }

  expect_failures = [var.accessors]
}

run "an_address_without_its_kind_is_refused" {
  command = plan

  variables {
    accessors = { api = "tally-dev-api@tally-test.iam.gserviceaccount.com" }
  }

  expect_failures = [var.accessors]
}

run "a_version_that_is_destroyed_at_once_is_refused" {
  command = plan

  variables {
    destroy_delay_days = 0
  }

  expect_failures = [var.destroy_delay_days]
}
