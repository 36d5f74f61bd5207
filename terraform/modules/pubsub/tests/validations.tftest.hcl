# Every run is a plan: each mistake is refused by its own validation.
mock_provider "google" {}

variables {
  project_id = "tally-test"
  name       = "tally-alerts"
}

run "a_name_that_begins_with_a_digit_is_refused" {
  command = plan
  variables {
    name = "1-alerts"
  }

  expect_failures = [var.name]
}

run "a_name_that_google_keeps_for_itself_is_refused" {
  command = plan
  variables {
    name = "goog-alerts"
  }

  expect_failures = [var.name]
}

run "retention_for_longer_than_a_month_is_refused" {
  command = plan
  variables {
    retention_days = 32
  }

  expect_failures = [var.retention_days]
}

run "a_deadline_of_five_seconds_is_refused" {
  command = plan
  variables {
    project_number = "123456789012"
    subscription   = { ack_deadline_s = 5 }
  }

  expect_failures = [var.subscription]
}

run "unread_messages_for_longer_than_a_month_are_refused" {
  command = plan
  variables {
    project_number = "123456789012"
    subscription   = { retention_days = 32 }
  }

  expect_failures = [var.subscription]
}

run "dead_letters_after_fewer_than_five_tries_are_refused" {
  command = plan
  variables {
    project_number = "123456789012"
    subscription   = { max_delivery_attempts = 4 }
  }

  expect_failures = [var.subscription]
}

run "a_subscription_without_the_projects_number_is_refused" {
  command = plan
  variables {
    subscription = {}
  }

  expect_failures = [var.project_number]
}

run "subscribers_without_a_subscription_are_refused" {
  command = plan
  variables {
    subscribers = { pager = "group:pager@example.com" }
  }

  expect_failures = [var.subscribers]
}

run "everybody_is_refused_as_a_publisher" {
  command = plan
  variables {
    publishers = { all = "allUsers" }
  }

  expect_failures = [var.publishers]
}

run "every_google_account_is_refused_as_a_subscriber" {
  command = plan
  variables {
    project_number = "123456789012"
    subscription   = {}
    subscribers    = { all = "allAuthenticatedUsers" }
  }

  expect_failures = [var.subscribers]
}

run "limits_themselves_are_accepted" {
  command = plan
  variables {
    project_number = "123456789012"
    subscription   = { ack_deadline_s = 600, retention_days = 31, max_delivery_attempts = 100 }
  }

  assert {
    condition     = google_pubsub_subscription.this[0].ack_deadline_seconds == 600 && google_pubsub_subscription.this[0].message_retention_duration == "2678400s"
    error_message = "The subscription is not what was asked for."
  }
}
