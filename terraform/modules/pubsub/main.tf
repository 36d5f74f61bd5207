locals {
  subscriptions = var.subscription == null ? 0 : 1
  # Pub/Sub moves dead letters under this account of its own.
  agent = "serviceAccount:service-${coalesce(var.project_number, "0")}@gcp-sa-pubsub.iam.gserviceaccount.com"
  day_s = 86400
}

resource "google_pubsub_topic" "this" {
  #checkov:skip=CKV_GCP_83:Messages are alerts without secrets; Google's own keys encrypt them
  project = var.project_id
  name    = var.name
  labels  = var.labels

  message_retention_duration = var.retention_days == null ? null : "${var.retention_days * local.day_s}s"

  dynamic "message_storage_policy" {
    for_each = length(var.regions) == 0 ? [] : [var.regions]
    content {
      allowed_persistence_regions = message_storage_policy.value
    }
  }
}

resource "google_pubsub_topic_iam_member" "publishers" {
  for_each = var.publishers

  project = google_pubsub_topic.this.project
  topic   = google_pubsub_topic.this.name
  role    = "roles/pubsub.publisher"
  member  = each.value
}

resource "google_pubsub_subscription" "this" {
  count = local.subscriptions

  project = var.project_id
  name    = var.name
  topic   = google_pubsub_topic.this.id
  labels  = var.labels

  ack_deadline_seconds       = var.subscription.ack_deadline_s
  message_retention_duration = "${var.subscription.retention_days * local.day_s}s"

  # Never: Google's default deletes a subscription that nobody has read from for a month.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters[0].id
    max_delivery_attempts = var.subscription.max_delivery_attempts
  }
}

resource "google_pubsub_subscription_iam_member" "subscribers" {
  for_each = var.subscribers

  project      = google_pubsub_subscription.this[0].project
  subscription = google_pubsub_subscription.this[0].name
  role         = "roles/pubsub.subscriber"
  member       = each.value
}

resource "google_pubsub_topic" "dead_letters" {
  #checkov:skip=CKV_GCP_83:Messages are alerts without secrets; Google's own keys encrypt them
  count = local.subscriptions

  project = var.project_id
  name    = "${var.name}-dead-letters"
  labels  = var.labels

  dynamic "message_storage_policy" {
    for_each = length(var.regions) == 0 ? [] : [var.regions]
    content {
      allowed_persistence_regions = message_storage_policy.value
    }
  }
}

# A topic without a subscription forgets what it is sent.
resource "google_pubsub_subscription" "dead_letters" {
  count = local.subscriptions

  project = var.project_id
  name    = "${var.name}-dead-letters"
  topic   = google_pubsub_topic.dead_letters[0].id
  labels  = var.labels

  message_retention_duration = "${31 * local.day_s}s"

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription_iam_member" "dead_letter_subscribers" {
  for_each = var.subscribers

  project      = google_pubsub_subscription.dead_letters[0].project
  subscription = google_pubsub_subscription.dead_letters[0].name
  role         = "roles/pubsub.subscriber"
  member       = each.value
}

resource "google_pubsub_topic_iam_member" "dead_letter_agent" {
  count = local.subscriptions

  project = google_pubsub_topic.dead_letters[0].project
  topic   = google_pubsub_topic.dead_letters[0].name
  role    = "roles/pubsub.publisher"
  member  = local.agent
}

resource "google_pubsub_subscription_iam_member" "dead_letter_agent" {
  count = local.subscriptions

  project      = google_pubsub_subscription.this[0].project
  subscription = google_pubsub_subscription.this[0].name
  role         = "roles/pubsub.subscriber"
  member       = local.agent
}
