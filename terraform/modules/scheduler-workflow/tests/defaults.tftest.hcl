mock_provider "google" {}

variables {
  project_id              = "tally-test"
  region                  = "europe-west1"
  service_account_email   = "orchestrator@tally-test.iam.gserviceaccount.com"
  scheduler_account_email = "scheduler@tally-test.iam.gserviceaccount.com"
  env                     = { BIGQUERY_PROJECT = "tally-test", TALLY_SQL_BUCKET = "tally-test-sql" }
  sources = {
    daily    = { name = "tally-daily", source = file("../../../dags/workflows/daily.yaml"), schedule = "0 2 * * *", description = "The day run." }
    maintain = { name = "tally-maintain", source = file("../../../dags/workflows/maintain.yaml"), schedule = "30 3 * * *" }
  }
}

run "workflows" {
  command = plan

  assert {
    condition     = output.workflow_names == { daily = "tally-daily", maintain = "tally-maintain" }
    error_message = "There must be a workflow for each source, with the name given."
  }

  assert {
    condition     = alltrue([for key, workflow in google_workflows_workflow.this : workflow.source_contents == var.sources[key].source])
    error_message = "A workflow must be the text given."
  }

  assert {
    condition     = alltrue([for workflow in google_workflows_workflow.this : workflow.service_account == "orchestrator@tally-test.iam.gserviceaccount.com"])
    error_message = "Workflows must run as the account given: never the default one."
  }

  assert {
    condition     = alltrue([for workflow in google_workflows_workflow.this : workflow.user_env_vars == tomap(var.env)])
    error_message = "Workflows must get the variables given and no others."
  }

  assert {
    condition     = alltrue([for workflow in google_workflows_workflow.this : workflow.deletion_protection && workflow.call_log_level == "LOG_ERRORS_ONLY"])
    error_message = "Workflows must be protected from being destroyed, and log what fails."
  }
}

run "jobs" {
  command = plan

  assert {
    condition     = { for key, job in google_cloud_scheduler_job.this : key => "${job.name} ${job.schedule} ${job.time_zone}" } == { daily = "tally-daily 0 2 * * * UTC", maintain = "tally-maintain 30 3 * * * UTC" }
    error_message = "Each workflow must have its job, at its time in UTC."
  }

  assert {
    condition     = google_cloud_scheduler_job.this["daily"].http_target[0].http_method == "POST" && google_cloud_scheduler_job.this["daily"].http_target[0].uri == "https://workflowexecutions.googleapis.com/v1/projects/tally-test/locations/europe-west1/workflows/tally-daily/executions"
    error_message = "The job must start its own workflow."
  }

  assert {
    condition     = jsondecode(base64decode(google_cloud_scheduler_job.this["daily"].http_target[0].body)) == { argument = "{}" }
    error_message = "The workflow must get an empty argument, for the day that ended last."
  }

  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.this : job.http_target[0].oauth_token[0].service_account_email == "scheduler@tally-test.iam.gserviceaccount.com" && length(job.http_target[0].oidc_token) == 0])
    error_message = "Google's APIs take an access token, of the scheduler's own account."
  }

  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.this : job.retry_config[0].retry_count == 5 && !job.paused])
    error_message = "A start that fails must be tried again, and jobs must run."
  }
}

run "access_is_as_listed" {
  command = plan

  assert {
    condition     = "${google_project_iam_member.invoker.role} ${google_project_iam_member.invoker.member}" == "roles/workflows.invoker serviceAccount:scheduler@tally-test.iam.gserviceaccount.com"
    error_message = "Only the scheduler's account may start workflows."
  }
}
