locals {
  emails   = { for key, channel in google_monitoring_notification_channel.email : "email-${key}" => channel.name }
  channels = merge(local.emails, { pubsub = google_monitoring_notification_channel.pubsub.name })
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.notification_emails

  project      = var.project_id
  display_name = "${var.prefix} ${each.key}"
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = var.labels

  # Google deletes no channel that a policy names: the policies are changed first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_monitoring_notification_channel" "pubsub" {
  project      = var.project_id
  display_name = "${var.prefix} alerts"
  type         = "pubsub"
  labels       = { topic = var.pubsub_topic_id }
  user_labels  = var.labels

  lifecycle {
    create_before_destroy = true
  }
}

# Google makes this account with the project's first channel of the kind. The budget's account gets
# its role from Google when the budget is made.
resource "google_pubsub_topic_iam_member" "publisher" {
  project = split("/", var.pubsub_topic_id)[1]
  topic   = split("/", var.pubsub_topic_id)[3]
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:service-${var.project_number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"

  depends_on = [google_monitoring_notification_channel.pubsub]
}

resource "google_monitoring_uptime_check_config" "this" {
  count = var.uptime == null ? 0 : 1

  project      = var.project_id
  display_name = "${var.prefix} ${var.uptime.path}"
  period       = "${var.uptime.period_s}s"
  timeout      = "10s"
  user_labels  = var.labels

  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project_id, host = var.uptime.host }
  }

  http_check {
    path         = var.uptime.path
    port         = 443
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }
  }

  content_matchers {
    content = var.uptime.content
    matcher = "CONTAINS_STRING"
  }

  # Another host is another check, and Google deletes none that a policy names.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_billing_budget" "this" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "${var.prefix} a month"

  budget_filter {
    projects        = ["projects/${var.project_number}"]
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(var.budget.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  # The billing account's administrators are mailed too.
  all_updates_rule {
    pubsub_topic                     = var.pubsub_topic_id
    schema_version                   = "1.0"
    monitoring_notification_channels = length(local.emails) == 0 ? null : values(local.emails)
  }
}
