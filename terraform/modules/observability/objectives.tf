locals {
  objectives = {
    availability = {
      goal = var.slo.availability_goal
      name = "answers without an error"
      do   = "Look at the service's log for severity ERROR and at what was deployed last: if it began with a deployment, send the traffic back to the revision before. If the errors are 503, Postgres is away or slow: look at Cloud SQL."
    }
    latency = {
      goal = var.slo.latency_goal
      name = "answers within ${var.slo.latency_threshold_ms} ms"
      do   = "Compare with the deployments and with Cloud SQL's CPU and locks (query insights). If instances start often, raise the least number of them. Imports, exports and event streams are slow by nature: if only those grew, raise the objective's threshold instead."
    }
  }

  # The workbook's windows: the long one tells that it matters, the short one that it still goes on.
  speeds = {
    fast = { rate = 14.4, windows = ["3600s", "300s"], severity = "CRITICAL", of_budget = "2 % of the month's error budget in an hour" }
    slow = { rate = 6, windows = ["21600s", "1800s"], severity = "ERROR", of_budget = "5 % of the month's error budget in six hours" }
  }

  burns = merge([for objective, facts in local.objectives : {
    for speed, how in local.speeds : "${objective}-${speed}-burn" => merge(how, facts, { objective = objective })
  }]...)
}

resource "google_monitoring_service" "this" {
  project      = var.project_id
  service_id   = "${var.prefix}-api"
  display_name = "${var.prefix} API"
  user_labels  = var.labels

  basic_service {
    service_type   = "CLOUD_RUN"
    service_labels = { service_name = var.service_name, location = var.region }
  }
}

resource "google_monitoring_slo" "this" {
  for_each = local.objectives

  project             = var.project_id
  service             = google_monitoring_service.this.service_id
  slo_id              = each.key
  display_name        = "${each.value.goal * 100} % of requests: ${each.value.name}"
  goal                = each.value.goal
  rolling_period_days = var.slo.rolling_days
  user_labels         = var.labels

  basic_sli {
    dynamic "availability" {
      for_each = each.key == "availability" ? [true] : []

      content {
        enabled = true
      }
    }

    dynamic "latency" {
      for_each = each.key == "latency" ? [var.slo.latency_threshold_ms] : []

      content {
        # As the API writes it, or every plan would differ.
        threshold = latency.value % 1000 == 0 ? "${latency.value / 1000}s" : format("%.3fs", latency.value / 1000)
      }
    }
  }
}

resource "google_monitoring_alert_policy" "burn" {
  for_each = local.burns

  project               = var.project_id
  display_name          = "${var.prefix} ${each.key}"
  combiner              = "AND"
  severity              = each.value.severity
  notification_channels = values(local.channels)
  user_labels           = var.labels

  dynamic "conditions" {
    for_each = each.value.windows

    content {
      display_name = "burns ${each.value.rate} times too fast over ${conditions.value}"

      condition_threshold {
        filter          = "select_slo_burn_rate(\"${google_monitoring_slo.this[each.value.objective].name}\", \"${conditions.value}\")"
        comparison      = "COMPARISON_GT"
        threshold_value = each.value.rate
        duration        = "0s"
      }
    }
  }

  documentation {
    subject   = "${var.prefix}: the API's ${each.value.objective} is short of its objective"
    mime_type = "text/markdown"
    content   = "Fewer than ${each.value.goal * 100} % of requests get ${each.value.name}. At this rate that is ${each.value.of_budget}. ${each.value.do}"
  }
}
