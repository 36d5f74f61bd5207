# Every run is a plan.
mock_provider "google" {}

variables {
  project_id = "tally-test"
  name       = "tally-alerts"
}

run "it_is_a_topic_that_nobody_may_publish_to" {
  command = plan

  assert {
    condition = (
      length(google_pubsub_topic_iam_member.publishers) == 0
      && length(google_pubsub_topic_iam_member.dead_letter_agent) == 0
      && length(google_pubsub_subscription_iam_member.dead_letter_agent) == 0
    )
    error_message = "Somebody was granted a role."
  }
  assert {
    condition = (
      length(google_pubsub_subscription.this) == 0
      && length(google_pubsub_subscription.dead_letters) == 0
      && length(google_pubsub_topic.dead_letters) == 0
    )
    error_message = "There is more than a topic."
  }
  assert {
    condition     = google_pubsub_topic.this.message_retention_duration == null && length(google_pubsub_topic.this.message_storage_policy) == 0
    error_message = "The topic keeps messages, or says where."
  }
  assert {
    condition     = output.topic_name == "tally-alerts" && output.subscription_id == null
    error_message = "It has another name, or a subscription."
  }
}

run "publishers_are_exactly_those_listed" {
  command = plan
  variables {
    publishers = {
      budget = "serviceAccount:billing-budget-alert@system.gserviceaccount.com"
      alerts = "serviceAccount:service-123456789012@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    }
  }

  assert {
    condition = toset([
      for grant in google_pubsub_topic_iam_member.publishers : "${grant.topic} ${grant.role} ${grant.member}"
      ]) == toset([
      "tally-alerts roles/pubsub.publisher serviceAccount:billing-budget-alert@system.gserviceaccount.com",
      "tally-alerts roles/pubsub.publisher serviceAccount:service-123456789012@gcp-sa-monitoring-notification.iam.gserviceaccount.com",
    ])
    error_message = "Others than those listed may publish."
  }
}

run "the_topic_can_keep_messages_in_named_regions" {
  command = plan
  variables {
    retention_days = 31
    regions        = ["europe-west1"]
  }

  assert {
    condition     = google_pubsub_topic.this.message_retention_duration == "2678400s"
    error_message = "Messages are not kept for 31 days."
  }
  assert {
    condition     = google_pubsub_topic.this.message_storage_policy[0].allowed_persistence_regions == toset(["europe-west1"])
    error_message = "Messages may be stored elsewhere."
  }
}
