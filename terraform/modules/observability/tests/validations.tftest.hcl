mock_provider "google" {}

variables {
  project_id      = "tally-test"
  project_number  = "123456789012"
  prefix          = "tally-test"
  region          = "europe-west1"
  service_name    = "tally-test-api"
  pubsub_topic_id = "projects/tally-test/topics/tally-test-alerts"
}

run "refuses_an_id_as_project_number" {
  command = plan
  variables {
    project_number = "tally-test"
  }
  expect_failures = [var.project_number]
}

run "refuses_a_prefix_with_capitals" {
  command = plan
  variables {
    prefix = "Tally"
  }
  expect_failures = [var.prefix]
}

run "refuses_a_goal_in_percent" {
  command = plan
  variables {
    slo = { availability_goal = 99.5 }
  }
  expect_failures = [var.slo]
}

run "refuses_a_goal_whose_fast_alert_could_never_fire" {
  command = plan
  variables {
    slo = { latency_goal = 0.9 }
  }
  expect_failures = [var.slo]
}

run "refuses_a_threshold_of_minutes" {
  command = plan
  variables {
    slo = { latency_threshold_ms = 120000 }
  }
  expect_failures = [var.slo]
}

run "refuses_a_window_of_a_quarter" {
  command = plan
  variables {
    slo = { rolling_days = 90 }
  }
  expect_failures = [var.slo]
}

run "refuses_a_url_as_host" {
  command = plan
  variables {
    uptime = { host = "https://orders.example.com" }
  }
  expect_failures = [var.uptime]
}

run "refuses_a_path_without_a_slash" {
  command = plan
  variables {
    uptime = { host = "orders.example.com", path = "health/ready" }
  }
  expect_failures = [var.uptime]
}

run "refuses_a_probe_every_two_minutes" {
  command = plan
  variables {
    uptime = { host = "orders.example.com", period_s = 120 }
  }
  expect_failures = [var.uptime]
}

run "refuses_a_connection_name_as_instance" {
  command = plan
  variables {
    database = { instance_name = "tally-test:europe-west1:db" }
  }
  expect_failures = [var.database]
}

run "refuses_a_daily_function_that_is_not_watched" {
  command = plan
  variables {
    daily_function = "reconcile"
  }
  expect_failures = [var.daily_function]
}

run "refuses_an_address_that_is_none" {
  command = plan
  variables {
    notification_emails = { team = "orders" }
  }
  expect_failures = [var.notification_emails]
}

run "refuses_more_addresses_than_a_budget_takes" {
  command = plan
  variables {
    notification_emails = { for number in range(6) : "n${number}" => "n${number}@example.com" }
  }
  expect_failures = [var.notification_emails]
}

run "refuses_a_topic_s_short_name" {
  command = plan
  variables {
    pubsub_topic_id = "alerts"
  }
  expect_failures = [var.pubsub_topic_id]
}

run "refuses_a_billing_account_that_is_none" {
  command = plan
  variables {
    budget = { billing_account = "tally", amount = 100 }
  }
  expect_failures = [var.budget]
}

run "refuses_a_budget_of_nothing" {
  command = plan
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 0 }
  }
  expect_failures = [var.budget]
}

run "accepts_what_is_right" {
  command = plan
  variables {
    slo    = { availability_goal = 0.999, latency_threshold_ms = 2000, rolling_days = 30 }
    uptime = { host = "orders.example.com", path = "/health/live", period_s = 900 }
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 1, currency = "EUR" }
  }

  assert {
    condition     = google_monitoring_slo.this["latency"].basic_sli[0].latency[0].threshold == "2s" && google_billing_budget.this[0].amount[0].specified_amount[0].currency_code == "EUR"
    error_message = "Whole seconds and a currency must be passed on."
  }

  assert {
    condition     = alltrue([for slo in google_monitoring_slo.this : slo.rolling_period_days == 30])
    error_message = "The window must be the one given."
  }
}
