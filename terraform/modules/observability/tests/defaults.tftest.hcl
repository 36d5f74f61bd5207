mock_provider "google" {
  override_during = plan

  mock_resource "google_monitoring_notification_channel" {
    defaults = { name = "projects/tally-test/notificationChannels/1" }
  }

  mock_resource "google_monitoring_slo" {
    defaults = { name = "projects/123456789012/services/tally-test-api/serviceLevelObjectives/one" }
  }

  mock_resource "google_monitoring_uptime_check_config" {
    defaults = { uptime_check_id = "tally-test-ready" }
  }
}

variables {
  project_id      = "tally-test"
  project_number  = "123456789012"
  prefix          = "tally-test"
  region          = "europe-west1"
  service_name    = "tally-test-api"
  pubsub_topic_id = "projects/tally-test/topics/tally-test-alerts"
}

run "objectives" {
  command = plan

  assert {
    condition     = { for key, slo in google_monitoring_slo.this : key => slo.goal } == { availability = 0.995, latency = 0.95 }
    error_message = "There must be two objectives: 99.5 % without an error, 95 % in time."
  }

  assert {
    condition     = google_monitoring_slo.this["latency"].basic_sli[0].latency[0].threshold == "0.500s" && length(google_monitoring_slo.this["latency"].basic_sli[0].availability) == 0
    error_message = "In time must be half a second, and nothing else."
  }

  assert {
    condition     = google_monitoring_slo.this["availability"].basic_sli[0].availability[0].enabled && length(google_monitoring_slo.this["availability"].basic_sli[0].latency) == 0
    error_message = "The availability objective must count errors, and nothing else."
  }

  assert {
    condition     = google_monitoring_service.this.basic_service[0].service_type == "CLOUD_RUN" && google_monitoring_service.this.basic_service[0].service_labels == tomap({ service_name = "tally-test-api", location = "europe-west1" })
    error_message = "The objectives must be of the API's Cloud Run service."
  }
}

run "burn_rates" {
  command = plan

  assert {
    condition     = { for key, policy in google_monitoring_alert_policy.burn : key => join(" ", policy.conditions[*].condition_threshold[0].threshold_value) } == { availability-fast-burn = "14.4 14.4", availability-slow-burn = "6 6", latency-fast-burn = "14.4 14.4", latency-slow-burn = "6 6" }
    error_message = "Each objective must have a fast and a slow alert, at the workbook's rates."
  }

  assert {
    condition = { for key, policy in google_monitoring_alert_policy.burn : key => join(" ", policy.conditions[*].condition_threshold[0].filter) } == {
      for key, windows in {
        availability-fast-burn = ["3600s", "300s"], availability-slow-burn = ["21600s", "1800s"],
        latency-fast-burn      = ["3600s", "300s"], latency-slow-burn = ["21600s", "1800s"],
      } : key => join(" ", [for window in windows : "select_slo_burn_rate(\"projects/123456789012/services/tally-test-api/serviceLevelObjectives/one\", \"${window}\")"])
    }
    error_message = "The fast alerts must look at an hour and at five minutes, the slow ones at six hours and at thirty minutes."
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.burn : policy.combiner == "AND" && length(policy.conditions) == 2])
    error_message = "Both windows must burn, or the alert would go on after the trouble."
  }
}

run "only_the_topic_is_told_when_nobody_is_named" {
  command = plan

  assert {
    condition     = toset(keys(output.channel_ids)) == toset(["pubsub"])
    error_message = "The topic must be the only channel."
  }

  assert {
    condition     = length(google_monitoring_alert_policy.threshold) + length(google_monitoring_alert_policy.daily) + length(google_monitoring_uptime_check_config.this) + length(google_billing_budget.this) == 0
    error_message = "What is not named must not be watched."
  }

  assert {
    condition = "${google_pubsub_topic_iam_member.publisher.topic} ${google_pubsub_topic_iam_member.publisher.role} ${google_pubsub_topic_iam_member.publisher.member}" == (
      "tally-test-alerts roles/pubsub.publisher serviceAccount:service-123456789012@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
    )
    error_message = "Google's account for alerts, and it alone, must be made a publisher, of this topic."
  }
}

run "a_budget_without_mails_publishes_only" {
  command = plan

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", amount = 300 }
  }

  assert {
    condition     = google_billing_budget.this[0].all_updates_rule[0].monitoring_notification_channels == null && google_billing_budget.this[0].all_updates_rule[0].pubsub_topic == "projects/tally-test/topics/tally-test-alerts"
    error_message = "Without addresses the budget must publish, and name no channel."
  }
}

run "all_of_it" {
  command = plan

  variables {
    uptime               = { host = "orders.example.com" }
    database             = { instance_name = "tally-test-db", max_connections = 200 }
    functions            = { load = "load-orders", reconcile = "reconcile-orders" }
    daily_function       = "reconcile"
    workflow_names       = { daily = "tally-daily" }
    composer_environment = "tally-test-airflow"
    notification_emails  = { team = "orders@example.com" }
    budget               = { billing_account = "012345-6789AB-CDEF01", amount = 300 }
  }

  assert {
    condition = toset(keys(output.policy_ids)) == toset([
      "availability-fast-burn", "availability-slow-burn", "latency-fast-burn", "latency-slow-burn",
      "uptime", "database-disk", "database-cpu", "database-connections",
      "function-errors", "workflow-failed", "dag-failed", "daily",
    ])
    error_message = "There must be an alert for each part that is named."
  }

  assert {
    condition = { for key, policy in google_monitoring_alert_policy.threshold : key => [
      for fires in [policy.conditions[0].condition_threshold[0]] : join(" ", [
        fires.comparison, fires.threshold_value, fires.duration, fires.aggregations[0].alignment_period,
        fires.aggregations[0].per_series_aligner, fires.aggregations[0].cross_series_reducer,
      ])
      ][0] } == {
      uptime               = "COMPARISON_GT 1 60s 1200s ALIGN_NEXT_OLDER REDUCE_COUNT_FALSE"
      database-disk        = "COMPARISON_GT 0.85 300s 300s ALIGN_MEAN REDUCE_MAX"
      database-cpu         = "COMPARISON_GT 0.9 900s 300s ALIGN_MEAN REDUCE_MAX"
      database-connections = "COMPARISON_GT 160 300s 60s ALIGN_MEAN REDUCE_SUM"
      function-errors      = "COMPARISON_GT 3 0s 1800s ALIGN_DELTA REDUCE_SUM"
      workflow-failed      = "COMPARISON_GT 0 0s 300s ALIGN_DELTA REDUCE_SUM"
      dag-failed           = "COMPARISON_GT 0 0s 300s ALIGN_DELTA REDUCE_SUM"
    }
    error_message = "The alerts must fire when the README says."
  }

  assert {
    condition = alltrue([for key, part in {
      uptime          = "uptime_check/check_passed\""
      database-disk   = "cloudsql.googleapis.com/database/disk/utilization\""
      database-cpu    = "cloudsql.googleapis.com/database/cpu/utilization\""
      function-errors = "metric.labels.response_code_class = \"5xx\""
      workflow-failed = "one_of(\"tally-daily\") AND metric.type = \"workflows.googleapis.com/finished_execution_count\" AND metric.labels.status = \"FAILED\""
      dag-failed      = "starts_with(\"tally-test-airflow.\") AND metric.type = \"composer.googleapis.com/workflow/run_count\" AND metric.labels.state = \"failed\""
    } : strcontains(google_monitoring_alert_policy.threshold[key].conditions[0].condition_threshold[0].filter, part)])
    error_message = "Each alert must look at what failed, not at what went well."
  }

  assert {
    condition     = toset(keys(output.channel_ids)) == toset(["email-team", "pubsub"])
    error_message = "Mail and topic must be the channels."
  }

  assert {
    condition     = alltrue([for policy in concat(values(google_monitoring_alert_policy.burn), values(google_monitoring_alert_policy.threshold), google_monitoring_alert_policy.daily) : length(policy.notification_channels) == 2])
    error_message = "Every alert must go to every channel."
  }

  assert {
    condition     = alltrue([for policy in concat(values(google_monitoring_alert_policy.burn), values(google_monitoring_alert_policy.threshold), google_monitoring_alert_policy.daily) : length(policy.documentation[0].content) > 80])
    error_message = "Every alert must say what to do."
  }

  assert {
    condition     = google_monitoring_uptime_check_config.this[0].http_check[0].use_ssl && google_monitoring_uptime_check_config.this[0].http_check[0].validate_ssl && google_monitoring_uptime_check_config.this[0].http_check[0].path == "/health/ready"
    error_message = "The probe must ask over HTTPS, and mind the certificate."
  }

  assert {
    condition     = google_monitoring_uptime_check_config.this[0].content_matchers[0].content == "\"status\":\"ok\""
    error_message = "The probe must look for what a ready API answers."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.threshold["uptime"].conditions[0].condition_threshold[0].filter, "metric.labels.check_id = \"tally-test-ready\"")
    error_message = "The alert must be of this probe."
  }

  assert {
    condition     = google_monitoring_alert_policy.threshold["database-connections"].conditions[0].condition_threshold[0].threshold_value == 160 && strcontains(google_monitoring_alert_policy.threshold["database-connections"].conditions[0].condition_threshold[0].filter, "database_id = \"tally-test:tally-test-db\"")
    error_message = "The alert must fire at 80 % of this database's connections."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.threshold["function-errors"].conditions[0].condition_threshold[0].filter, "one_of(\"load-orders\", \"reconcile-orders\")")
    error_message = "All functions must be watched."
  }

  assert {
    condition     = google_monitoring_alert_policy.daily[0].conditions[0].condition_prometheus_query_language[0].query == "absent_over_time(run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\", service_name=\"reconcile-orders\", response_code_class=\"2xx\"}[26h])"
    error_message = "A night without a proven day must be noticed after 26 hours."
  }

  assert {
    condition     = toset([for rule in google_billing_budget.this[0].threshold_rules : "${rule.threshold_percent} ${rule.spend_basis}"]) == toset(["0.5 CURRENT_SPEND", "0.9 CURRENT_SPEND", "1 CURRENT_SPEND", "1 FORECASTED_SPEND"])
    error_message = "The budget must warn at 50, 90 and 100 %, and when 100 % is forecast."
  }

  assert {
    condition     = google_billing_budget.this[0].budget_filter[0].projects == toset(["projects/123456789012"]) && google_billing_budget.this[0].amount[0].specified_amount[0].units == "300"
    error_message = "The budget must be of this project, in whole units."
  }

  assert {
    condition     = length(google_billing_budget.this[0].all_updates_rule[0].monitoring_notification_channels) == 1 && google_billing_budget.this[0].all_updates_rule[0].pubsub_topic == "projects/tally-test/topics/tally-test-alerts"
    error_message = "The budget must mail and publish; it takes no channel but mail."
  }
}
