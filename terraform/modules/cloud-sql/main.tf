locals {
  ip_type         = { psa = "private", psc = "psc" }[var.database_access]
  backups         = var.backups_kept > 0
  shared_core     = contains(["db-f1-micro", "db-g1-small"], var.tier)
  most_log_days   = { ENTERPRISE = 7, ENTERPRISE_PLUS = 35 }[var.edition]
  tier_of_edition = startswith(var.tier, "db-perf-optimized-") ? "ENTERPRISE_PLUS" : "ENTERPRISE"
}

resource "google_sql_database_instance" "this" {
  #checkov:skip=CKV_GCP_6:It accepts client certificates of our own only; connector enforcement admits nothing but connectors, each with a certificate of an hour that IAM gave it
  #checkov:skip=CKV_GCP_108:Clients are addresses of a private network without names; looking them up would slow every connection down
  #checkov:skip=CKV_GCP_110:Who changed which order is in order_changes, which nobody may change; DDL is logged by log_statement
  #checkov:skip=CKV2_GCP_13:Query Insights measures every statement; a line of log for each would cost more than the database
  project             = var.project_id
  region              = var.region
  name                = var.name
  database_version    = "POSTGRES_18"
  deletion_protection = var.deletion_protection

  settings {
    edition                     = var.edition
    tier                        = var.tier
    availability_type           = var.availability
    disk_type                   = "PD_SSD"
    disk_size                   = var.disk_gb
    disk_autoresize             = true
    disk_autoresize_limit       = var.disk_limit_gb
    connector_enforcement       = "REQUIRED"
    deletion_protection_enabled = var.deletion_protection
    retain_backups_on_delete    = true
    user_labels                 = var.labels

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.database_access == "psa" ? var.network_id : null
      ssl_mode        = "ENCRYPTED_ONLY"

      dynamic "psc_config" {
        for_each = var.database_access == "psc" ? [1] : []
        content {
          psc_enabled               = true
          allowed_consumer_projects = [var.project_id]
        }
      }
    }

    backup_configuration {
      enabled                        = local.backups
      start_time                     = var.backup_start_time
      point_in_time_recovery_enabled = var.point_in_time_recovery
      transaction_log_retention_days = var.point_in_time_recovery ? var.transaction_log_days : null

      dynamic "backup_retention_settings" {
        for_each = local.backups ? [1] : []
        content {
          retained_backups = var.backups_kept
          retention_unit   = "COUNT"
        }
      }
    }

    final_backup_config {
      enabled        = true
      retention_days = 30
    }

    maintenance_window {
      day          = var.maintenance.day
      hour         = var.maintenance.hour
      update_track = var.maintenance.track
    }

    insights_config {
      query_insights_enabled  = var.insights.enabled
      query_plans_per_minute  = var.insights.plans_per_minute
      query_string_length     = 4500
      record_application_tags = true
      record_client_address   = false
    }

    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }
    database_flags {
      name  = "log_checkpoints"
      value = "on"
    }
    database_flags {
      name  = "log_connections"
      value = "on"
    }
    database_flags {
      name  = "log_disconnections"
      value = "on"
    }
    database_flags {
      name  = "log_lock_waits"
      value = "on"
    }
    database_flags {
      name  = "log_min_error_statement"
      value = "error"
    }
    database_flags {
      name  = "log_statement"
      value = "ddl"
    }
    database_flags {
      name  = "log_temp_files"
      value = "0"
    }

    dynamic "database_flags" {
      for_each = var.database_flags
      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.tier_of_edition == var.edition
      error_message = "tier ${var.tier} does not exist in edition ${var.edition}: ENTERPRISE has db-f1-micro, db-g1-small and db-custom-CPUS-MEMORY_MB, ENTERPRISE_PLUS has db-perf-optimized-N-CPUS."
    }
    precondition {
      condition     = var.availability == "ZONAL" || !local.shared_core
      error_message = "availability REGIONAL with tier ${var.tier}: shared cores are outside Cloud SQL's SLA, whatever stands by. Take db-custom-1-3840 or larger, or ZONAL."
    }
    precondition {
      condition     = var.availability == "ZONAL" || (local.backups && var.point_in_time_recovery)
      error_message = "availability REGIONAL needs backups and point-in-time recovery: set backups_kept and point_in_time_recovery, or ZONAL."
    }
    precondition {
      condition     = local.backups || !var.point_in_time_recovery
      error_message = "point_in_time_recovery starts from a backup, and backups_kept is 0: keep backups, or switch point_in_time_recovery off."
    }
    precondition {
      condition     = !var.point_in_time_recovery || contains(range(1, local.most_log_days + 1), var.transaction_log_days)
      error_message = "transaction_log_days is 1 to ${local.most_log_days} in edition ${var.edition}."
    }
    precondition {
      condition     = !var.point_in_time_recovery || !local.backups || var.backups_kept > var.transaction_log_days
      error_message = "backups_kept must be more than transaction_log_days: the first day of the log can be restored only from the backup before it."
    }
    precondition {
      condition     = var.database_access == "psc" || var.private_services_ready != ""
      error_message = "private_services_ready is empty: with database_access psa hand over the output private_services_ready of the module network, made with psa too."
    }
  }
}

# Neither is deleted by itself: Postgres refuses to drop a user who owns something, and a database
# that is in use. They go with the instance.
resource "google_sql_database" "this" {
  project         = var.project_id
  instance        = google_sql_database_instance.this.name
  name            = var.database
  deletion_policy = "ABANDON"
}

resource "google_sql_user" "iam" {
  for_each = var.iam_users

  project         = var.project_id
  instance        = google_sql_database_instance.this.name
  name            = trimsuffix(each.value.email, ".gserviceaccount.com")
  type            = "CLOUD_IAM_SERVICE_ACCOUNT"
  database_roles  = length(each.value.roles) > 0 ? each.value.roles : null
  deletion_policy = "ABANDON"
}
