# Every run is a plan. A subscription comes with dead letters that are kept and can be read.
mock_provider "google" {
  mock_resource "google_pubsub_topic" {
    override_during = plan
    defaults        = { id = "projects/tally-test/topics/mock" }
  }
}

variables {
  project_id     = "tally-test"
  project_number = "123456789012"
  name           = "tally-alerts"
  subscription   = {}
  subscribers    = { pager = "serviceAccount:pager@tally-test.iam.gserviceaccount.com" }
}

run "it_never_expires_and_keeps_messages_for_a_week" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.this[0].name == "tally-alerts"
    error_message = "The subscription has another name."
  }
  assert {
    condition     = google_pubsub_subscription.this[0].expiration_policy[0].ttl == ""
    error_message = "A subscription that nobody reads is deleted."
  }
  assert {
    condition     = google_pubsub_subscription.this[0].message_retention_duration == "604800s"
    error_message = "Unread messages are not kept for a week."
  }
}

run "what_fails_five_times_goes_to_a_topic_that_keeps_it" {
  command = plan

  assert {
    condition = (
      google_pubsub_subscription.this[0].dead_letter_policy[0].max_delivery_attempts == 5
      && google_pubsub_topic.dead_letters[0].name == "tally-alerts-dead-letters"
    )
    error_message = "Dead letters go elsewhere, or after another number of tries."
  }
  assert {
    condition = (
      google_pubsub_subscription.dead_letters[0].expiration_policy[0].ttl == ""
      && google_pubsub_subscription.dead_letters[0].message_retention_duration == "2678400s"
    )
    error_message = "Dead letters are lost in less than 31 days."
  }
}

run "roles_are_exactly_what_subscribers_and_pubsub_itself_need" {
  command = plan

  assert {
    condition = toset([
      for grant in concat(
        values(google_pubsub_subscription_iam_member.subscribers),
        values(google_pubsub_subscription_iam_member.dead_letter_subscribers),
        google_pubsub_subscription_iam_member.dead_letter_agent,
      ) : "${grant.subscription} ${grant.role} ${grant.member}"
      ]) == toset([
      "tally-alerts roles/pubsub.subscriber serviceAccount:pager@tally-test.iam.gserviceaccount.com",
      "tally-alerts-dead-letters roles/pubsub.subscriber serviceAccount:pager@tally-test.iam.gserviceaccount.com",
      "tally-alerts roles/pubsub.subscriber serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com",
    ])
    error_message = "Roles on the subscriptions differ."
  }
  assert {
    condition = toset([
      for grant in google_pubsub_topic_iam_member.dead_letter_agent : "${grant.topic} ${grant.role} ${grant.member}"
    ]) == toset(["tally-alerts-dead-letters roles/pubsub.publisher serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"])
    error_message = "Roles on the dead letters' topic differ."
  }
}
