output "topic_id" {
  description = "projects/PROJECT/topics/NAME."
  value       = google_pubsub_topic.this.id
}

output "topic_name" {
  description = "The topic's name."
  value       = google_pubsub_topic.this.name
}

output "subscription_id" {
  description = "projects/PROJECT/subscriptions/NAME; null without one."
  value       = one(google_pubsub_subscription.this[*].id)
}

output "dead_letter_subscription_id" {
  description = "What could not be delivered is read from here; null without a subscription."
  value       = one(google_pubsub_subscription.dead_letters[*].id)
}
