locals {
  bucket = split("/", trimprefix(google_composer_environment.this.config[0].dag_gcs_prefix, "gs://"))[0]
}

resource "google_composer_environment" "this" {
  project = var.project_id
  region  = var.region
  name    = var.name
  labels  = var.labels

  config {
    environment_size           = var.environment_size
    resilience_mode            = var.high_resilience ? "HIGH_RESILIENCE" : "STANDARD_RESILIENCE"
    enable_private_environment = true
    enable_private_builds_only = var.private_builds_only

    node_config {
      network         = var.network_id
      subnetwork      = var.subnetwork_id
      service_account = var.service_account_email
    }

    software_config {
      image_version            = var.image_version
      env_variables            = var.env
      pypi_packages            = var.pypi_packages
      airflow_config_overrides = var.airflow_config
    }

    data_retention_config {
      airflow_metadata_retention_config {
        retention_mode = "RETENTION_MODE_ENABLED"
        retention_days = var.retention_days
      }
    }

    maintenance_window {
      start_time = var.maintenance.start_time
      end_time   = var.maintenance.end_time
      recurrence = var.maintenance.recurrence
    }

    recovery_config {
      scheduled_snapshots_config {
        enabled                    = var.snapshots != null
        snapshot_location          = try(var.snapshots.location, null)
        snapshot_creation_schedule = try(var.snapshots.schedule, null)
        time_zone                  = var.snapshots == null ? null : "UTC"
      }
    }

    dynamic "workloads_config" {
      for_each = var.workers[*]

      content {
        worker {
          cpu       = workloads_config.value.cpu
          memory_gb = workloads_config.value.memory_gb
          min_count = workloads_config.value.min_count
          max_count = workloads_config.value.max_count
        }
      }
    }

    dynamic "web_server_network_access_control" {
      for_each = var.airflow_ui_ranges[*]

      content {
        dynamic "allowed_ip_range" {
          for_each = web_server_network_access_control.value

          content {
            value       = allowed_ip_range.value
            description = allowed_ip_range.key
          }
        }
      }
    }
  }

  timeouts {
    # Airflow with packages of its own takes 25 to 60 minutes, and longer on a bad day.
    create = "120m"
    update = "120m"
    delete = "60m"
  }
}

resource "google_storage_bucket_iam_member" "dag_writer" {
  for_each = var.dag_writers

  bucket = local.bucket
  role   = "roles/storage.objectAdmin"
  member = each.value
}

# An environment has no policy of its own: the project is the finest there is.
resource "google_project_iam_member" "user" {
  for_each = var.users

  project = var.project_id
  role    = "roles/composer.user"
  member  = each.value
}
