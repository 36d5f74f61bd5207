resource "google_workflows_workflow" "this" {
  for_each = var.sources

  project             = var.project_id
  region              = var.region
  name                = each.value.name
  description         = each.value.description
  service_account     = var.service_account_email
  source_contents     = each.value.source
  user_env_vars       = var.env
  call_log_level      = var.call_log_level
  deletion_protection = var.deletion_protection
  labels              = var.labels
}

# A workflow has no policy of its own, and conditions do not know workflows: the project is the
# finest there is. The account can do nothing else.
resource "google_project_iam_member" "invoker" {
  project = var.project_id
  role    = "roles/workflows.invoker"
  member  = "serviceAccount:${var.scheduler_account_email}"
}

resource "google_cloud_scheduler_job" "this" {
  for_each = var.sources

  project          = var.project_id
  region           = var.region
  name             = each.value.name
  description      = each.value.description
  schedule         = each.value.schedule
  time_zone        = var.time_zone
  paused           = var.paused
  attempt_deadline = "60s"

  # Of the start alone: what the workflow does has retries of its own. Starting it twice is harmless.
  retry_config {
    retry_count          = 5
    min_backoff_duration = "30s"
    max_backoff_duration = "600s"
    max_doublings        = 4
  }

  http_target {
    http_method = "POST"
    uri         = "https://workflowexecutions.googleapis.com/v1/projects/${var.project_id}/locations/${var.region}/workflows/${google_workflows_workflow.this[each.key].name}/executions"
    headers     = { Content-Type = "application/json" }
    body        = base64encode(jsonencode({ argument = "{}" }))

    oauth_token {
      service_account_email = var.scheduler_account_email
    }
  }

  depends_on = [google_project_iam_member.invoker]
}
