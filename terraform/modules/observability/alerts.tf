locals {
  function_list = join(", ", [for name in values(var.functions) : "\"${name}\""])
  workflow_list = join(", ", [for name in values(var.workflow_names) : "\"${name}\""])
  database      = "resource.type = \"cloudsql_database\" AND resource.labels.database_id = \"${var.project_id}:${try(var.database.instance_name, "")}\""

  candidates = {
    uptime = {
      on        = var.uptime != null
      filter    = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id = \"${try(google_monitoring_uptime_check_config.this[0].uptime_check_id, "")}\""
      threshold = 1
      duration  = "60s"
      period    = "1200s"
      aligner   = "ALIGN_NEXT_OLDER"
      reducer   = "REDUCE_COUNT_FALSE"
      group_by  = ["resource.label.host"]
      severity  = "CRITICAL"
      do        = "Two places of the world or more got no good answer. Ask for the page yourself; look at the service's log, then at Cloud SQL. A certificate or a name that does not resolve shows here alone."
    }
    database-disk = {
      on        = var.database != null
      filter    = "${local.database} AND metric.type = \"cloudsql.googleapis.com/database/disk/utilization\""
      threshold = 0.85
      duration  = "300s"
      period    = "300s"
      aligner   = "ALIGN_MEAN"
      reducer   = "REDUCE_MAX"
      group_by  = ["resource.label.database_id"]
      severity  = "ERROR"
      do        = "The disk is 85 % full and grows by itself up to its limit; a full disk stops all writing. Find what grows: the change log's old months, a replication slot, a long transaction that holds WAL. A disk never shrinks again."
    }
    database-cpu = {
      on        = var.database != null
      filter    = "${local.database} AND metric.type = \"cloudsql.googleapis.com/database/cpu/utilization\""
      threshold = 0.9
      duration  = "900s"
      period    = "300s"
      aligner   = "ALIGN_MEAN"
      reducer   = "REDUCE_MAX"
      group_by  = ["resource.label.database_id"]
      severity  = "WARNING"
      do        = "Over 90 % for fifteen minutes. Query insights show which statement. If it is the nightly extract, it passes; if it is the traffic, take a larger tier."
    }
    database-connections = {
      on        = var.database != null
      filter    = "${local.database} AND metric.type = \"cloudsql.googleapis.com/database/postgresql/num_backends\""
      threshold = floor(try(var.database.max_connections, 0) * 0.8)
      duration  = "300s"
      period    = "60s"
      aligner   = "ALIGN_MEAN"
      reducer   = "REDUCE_SUM"
      group_by  = ["resource.label.database_id"]
      severity  = "ERROR"
      do        = "More than 80 % of the connections are taken. Instances times (DB_POOL_SIZE + 2 * WRITER_CONNECTIONS) must stay below: lower the service's greatest number of instances or its pool, or raise max_connections."
    }
    function-errors = {
      on        = length(var.functions) > 0
      filter    = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = one_of(${local.function_list}) AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      threshold = 3
      duration  = "0s"
      period    = "1800s"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      group_by  = ["resource.label.service_name"]
      severity  = "WARNING"
      do        = "A function failed more than three times in half an hour; whoever calls it tries again for a while. Its log has the reason: Postgres or BigQuery away, or memory too small."
    }
    workflow-failed = {
      on        = length(var.workflow_names) > 0
      filter    = "resource.type = \"workflows.googleapis.com/Workflow\" AND resource.labels.workflow_id = one_of(${local.workflow_list}) AND metric.type = \"workflows.googleapis.com/finished_execution_count\" AND metric.labels.status = \"FAILED\""
      threshold = 0
      duration  = "0s"
      period    = "300s"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      group_by  = ["resource.label.workflow_id"]
      severity  = "ERROR"
      do        = "A workflow gave up. Its execution's error says what and at which step; dags/workflows/README.md says what to do about each. Then run it again: every step may be repeated."
    }
    dag-failed = {
      on        = var.composer_environment != null
      filter    = "resource.type = \"cloud_composer_workflow\" AND resource.labels.workflow_name = starts_with(\"${coalesce(var.composer_environment, "none")}.\") AND metric.type = \"composer.googleapis.com/workflow/run_count\" AND metric.labels.state = \"failed\""
      threshold = 0
      duration  = "0s"
      period    = "300s"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      group_by  = ["resource.label.workflow_name"]
      severity  = "ERROR"
      do        = "A DAG's run failed. Airflow shows the task and its log; dags/README.md says what to do about each. Then clear the task: every task may be run again."
    }
  }
  thresholds = { for key, alert in local.candidates : key => alert if alert.on }
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.thresholds

  project               = var.project_id
  display_name          = "${var.prefix} ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = values(local.channels)
  user_labels           = var.labels

  conditions {
    display_name = each.key

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = each.value.duration

      aggregations {
        alignment_period     = each.value.period
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = each.value.group_by
      }
    }
  }

  documentation {
    subject   = "${var.prefix}: ${each.key}"
    mime_type = "text/markdown"
    content   = each.value.do
  }
}

resource "google_monitoring_alert_policy" "daily" {
  count = var.daily_function == null ? 0 : 1

  project               = var.project_id
  display_name          = "${var.prefix} daily-run-missing"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = values(local.channels)
  user_labels           = var.labels

  conditions {
    display_name = "no proven day for 26 hours"

    # PromQL, because other conditions look back for a day at most.
    condition_prometheus_query_language {
      query                     = "absent_over_time(run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\", service_name=\"${var.functions[var.daily_function]}\", response_code_class=\"2xx\"}[26h])"
      duration                  = "0s"
      evaluation_interval       = "600s"
      disable_metric_validation = true
    }
  }

  documentation {
    subject   = "${var.prefix}: the nightly run has not ended well for 26 hours"
    mime_type = "text/markdown"
    content   = "${var.functions[var.daily_function]} has not confirmed a day since then, so yesterday's figures are missing or not proven. Look whether the run was started (Cloud Scheduler or Airflow), where it stands, and whether it waits for an open transaction (409, its answer names it). Run it again for each missing day, the oldest first; the view load_lag shows which. In a new project it fires until the first run has ended."
  }
}
