mock_provider "google" {}

variables {
  project_id = "acme-orders-dev"
  services   = ["run.googleapis.com", "pubsub.googleapis.com"]
}

run "exactly_these_are_turned_on_and_stay_on" {
  command = plan

  assert {
    condition     = keys(google_project_service.this) == ["pubsub.googleapis.com", "run.googleapis.com"]
    error_message = "Other APIs than those that were named."
  }

  assert {
    condition     = alltrue([for service in google_project_service.this : service.project == "acme-orders-dev"])
    error_message = "An API of another project."
  }

  assert {
    condition     = alltrue([for service in google_project_service.this : service.disable_on_destroy == false])
    error_message = "Destroying this must not turn off what others use."
  }

  assert {
    condition     = alltrue([for service in google_project_service.this : service.disable_dependent_services == false])
    error_message = "Turning one off must not turn off those that need it."
  }

  assert {
    condition     = output.project_id == "acme-orders-dev"
    error_message = "The project's id is handed on as it came."
  }
}

run "a_short_name_is_refused" {
  command = plan
  variables { services = ["run"] }
  expect_failures = [var.services]
}
