mock_provider "google" {}

variables {
  project_id              = "tally-test"
  region                  = "europe-west1"
  service_account_email   = "orchestrator@tally-test.iam.gserviceaccount.com"
  scheduler_account_email = "scheduler@tally-test.iam.gserviceaccount.com"
  sources                 = {}
}

run "refuses_a_name_with_capitals" {
  command = plan
  variables {
    sources = { daily = { name = "Daily", source = "main: {}", schedule = "0 2 * * *" } }
  }
  expect_failures = [var.sources]
}

run "refuses_a_schedule_of_six_fields" {
  command = plan
  variables {
    sources = { daily = { name = "daily", source = "main: {}", schedule = "0 0 2 * * *" } }
  }
  expect_failures = [var.sources]
}

run "refuses_a_path_in_place_of_the_text" {
  command = plan
  variables {
    sources = { daily = { name = "daily", source = "dags/workflows/daily.yaml", schedule = "0 2 * * *" } }
  }
  expect_failures = [var.sources]
}

run "refuses_a_variable_that_workflows_keeps" {
  command = plan
  variables {
    env = { GOOGLE_CLOUD_PROJECT_ID = "tally" }
  }
  expect_failures = [var.env]
}

run "refuses_more_variables_than_a_workflow_takes" {
  command = plan
  variables {
    env = { for number in range(21) : "NAME_${number}" => "x" }
  }
  expect_failures = [var.env]
}

run "refuses_one_account_for_both" {
  command = plan
  variables {
    scheduler_account_email = "orchestrator@tally-test.iam.gserviceaccount.com"
  }
  expect_failures = [var.scheduler_account_email]
}

run "refuses_an_unknown_log_level" {
  command = plan
  variables {
    call_log_level = "ALL"
  }
  expect_failures = [var.call_log_level]
}

run "accepts_what_is_right" {
  command = plan
  variables {
    sources             = { weekly = { name = "tally-weekly", source = "main: {steps: []}", schedule = "0 4 * * 1" } }
    paused              = true
    deletion_protection = false
    call_log_level      = "LOG_ALL_CALLS"
  }

  assert {
    condition     = google_cloud_scheduler_job.this["weekly"].paused && !google_workflows_workflow.this["weekly"].deletion_protection
    error_message = "Pausing and destroying must be possible where they are asked for."
  }
}
