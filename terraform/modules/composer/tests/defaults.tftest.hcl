mock_provider "google" {
  override_during = plan

  mock_resource "google_composer_environment" {
    defaults = {
      config = {
        dag_gcs_prefix = "gs://europe-west1-tally-dev-0a1b2c3d-bucket/dags"
        airflow_uri    = "https://0a1b2c3d-dot-europe-west1.composer.googleusercontent.com"
      }
    }
  }
}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-test-airflow"
  service_account_email = "orchestrator@tally-test.iam.gserviceaccount.com"
  network_id            = "projects/tally-test/global/networks/tally"
  subnetwork_id         = "projects/tally-test/regions/europe-west1/subnetworks/tally"
  env                   = { BIGQUERY_PROJECT = "tally-test" }
}

run "safe_defaults" {
  command = plan

  assert {
    condition     = google_composer_environment.this.config[0].enable_private_environment
    error_message = "The environment must have no public addresses."
  }

  assert {
    condition     = startswith(google_composer_environment.this.config[0].software_config[0].image_version, "composer-3-airflow-3")
    error_message = "Composer 3 with Airflow 3 is the default."
  }

  assert {
    condition = google_composer_environment.this.config[0].node_config[0].service_account == var.service_account_email && (
      google_composer_environment.this.config[0].node_config[0].network == var.network_id &&
      google_composer_environment.this.config[0].node_config[0].subnetwork == var.subnetwork_id
    )
    error_message = "Tasks must run as the account given, in the network given: never the default ones."
  }

  assert {
    condition     = google_composer_environment.this.config[0].software_config[0].airflow_config_overrides == tomap({ core-dags_are_paused_at_creation = "False" })
    error_message = "The nightly run must not wait for somebody to turn it on."
  }

  assert {
    condition     = google_composer_environment.this.config[0].software_config[0].env_variables == tomap({ BIGQUERY_PROJECT = "tally-test" })
    error_message = "The tasks must get the variables given and no others."
  }

  assert {
    condition     = google_composer_environment.this.config[0].software_config[0].pypi_packages == tomap({ apache-airflow-providers-datadog = "" })
    error_message = "Datadog's provider is what the DAGs need beside Composer's packages."
  }

  assert {
    condition     = google_composer_environment.this.config[0].data_retention_config[0].airflow_metadata_retention_config[0].retention_mode == "RETENTION_MODE_ENABLED" && google_composer_environment.this.config[0].data_retention_config[0].airflow_metadata_retention_config[0].retention_days == 90
    error_message = "Airflow's history must be kept for 90 days and not for ever: its database would fill."
  }

  assert {
    condition     = google_composer_environment.this.config[0].maintenance_window[0].recurrence == "FREQ=WEEKLY;BYDAY=SA,SU" && strcontains(google_composer_environment.this.config[0].maintenance_window[0].start_time, "T08:00:00Z")
    error_message = "Maintenance must be at weekends, hours after the nightly runs."
  }

  assert {
    condition     = !google_composer_environment.this.config[0].recovery_config[0].scheduled_snapshots_config[0].enabled
    error_message = "Without a bucket there must be no snapshots."
  }

  assert {
    condition     = length(google_storage_bucket_iam_member.dag_writer) + length(google_project_iam_member.user) == 0
    error_message = "Nobody may have a role who is not named."
  }
}

run "access_is_as_listed" {
  command = plan

  variables {
    dag_writers = { deploy = "serviceAccount:deploy@tally-test.iam.gserviceaccount.com" }
    users       = { data = "group:data@example.com" }
  }

  assert {
    condition = toset([for grant in google_storage_bucket_iam_member.dag_writer : "${grant.bucket} ${grant.role} ${grant.member}"]) == toset([
      "europe-west1-tally-dev-0a1b2c3d-bucket roles/storage.objectAdmin serviceAccount:deploy@tally-test.iam.gserviceaccount.com",
    ])
    error_message = "Only the deploying account may write DAGs, by a role on the bucket."
  }

  assert {
    condition     = toset([for grant in google_project_iam_member.user : "${grant.role} ${grant.member}"]) == toset(["roles/composer.user group:data@example.com"])
    error_message = "Users must have roles/composer.user and nothing more."
  }

  assert {
    condition     = output.bucket == "europe-west1-tally-dev-0a1b2c3d-bucket" && output.dag_gcs_prefix == "gs://europe-west1-tally-dev-0a1b2c3d-bucket/dags"
    error_message = "The bucket's name must be taken out of the DAGs' prefix."
  }
}

run "choices" {
  command = plan

  variables {
    snapshots         = { location = "gs://tally-test-snapshots/airflow" }
    workers           = { cpu = 1, max_count = 6 }
    airflow_ui_ranges = { office = "203.0.113.0/24" }
    high_resilience   = true
  }

  assert {
    condition = google_composer_environment.this.config[0].recovery_config[0].scheduled_snapshots_config[0].enabled && (
      google_composer_environment.this.config[0].recovery_config[0].scheduled_snapshots_config[0].snapshot_creation_schedule == "0 6 * * *" &&
      google_composer_environment.this.config[0].recovery_config[0].scheduled_snapshots_config[0].time_zone == "UTC"
    )
    error_message = "With a bucket there must be a snapshot every morning, after the nightly runs."
  }

  assert {
    condition     = google_composer_environment.this.config[0].workloads_config[0].worker[0].max_count == 6 && google_composer_environment.this.config[0].workloads_config[0].worker[0].memory_gb == 2
    error_message = "Workers must be as given, with the defaults for the rest."
  }

  assert {
    condition     = toset(google_composer_environment.this.config[0].web_server_network_access_control[0].allowed_ip_range[*].value) == toset(["203.0.113.0/24"])
    error_message = "Only the ranges given may reach Airflow's pages."
  }

  assert {
    condition     = google_composer_environment.this.config[0].resilience_mode == "HIGH_RESILIENCE"
    error_message = "high_resilience must be passed on."
  }
}
