mock_provider "google" {}

variables {
  project_id             = "tally-test"
  region                 = "europe-west1"
  name                   = "tally-dev"
  database               = "tally"
  network_id             = "projects/tally-test/global/networks/tally-dev"
  subnetwork_id          = "projects/tally-test/regions/europe-west1/subnetworks/tally-dev"
  private_services_ready = "projects%2Ftally-test%2Fglobal%2Fnetworks%2Ftally-dev:servicenetworking.googleapis.com"
  iam_users              = {}
}

run "an_enterprise_machine_in_enterprise_plus_is_refused" {
  command = plan

  variables {
    edition = "ENTERPRISE_PLUS"
  }

  expect_failures = [google_sql_database_instance.this]
}

run "an_enterprise_plus_machine_in_enterprise_is_refused" {
  command = plan

  variables {
    tier = "db-perf-optimized-N-2"
  }

  expect_failures = [google_sql_database_instance.this]
}

run "a_standby_for_a_shared_core_is_refused" {
  command = plan

  variables {
    tier = "db-f1-micro"
  }

  expect_failures = [google_sql_database_instance.this]
}

run "a_standby_without_point_in_time_recovery_is_refused" {
  command = plan

  variables {
    point_in_time_recovery = false
  }

  expect_failures = [google_sql_database_instance.this]
}

run "a_standby_without_backups_is_refused" {
  command = plan

  variables {
    backups_kept           = 0
    point_in_time_recovery = false
  }

  expect_failures = [google_sql_database_instance.this]
}

run "point_in_time_recovery_without_backups_is_refused" {
  command = plan

  variables {
    availability = "ZONAL"
    backups_kept = 0
  }

  expect_failures = [google_sql_database_instance.this]
}

run "more_than_a_week_of_log_in_enterprise_is_refused" {
  command = plan

  variables {
    transaction_log_days = 8
  }

  expect_failures = [google_sql_database_instance.this]
}

run "more_than_35_days_of_log_in_enterprise_plus_are_refused" {
  command = plan

  variables {
    edition              = "ENTERPRISE_PLUS"
    tier                 = "db-perf-optimized-N-2"
    backups_kept         = 40
    transaction_log_days = 36
  }

  expect_failures = [google_sql_database_instance.this]
}

run "no_day_of_log_is_refused" {
  command = plan

  variables {
    transaction_log_days = 0
  }

  expect_failures = [google_sql_database_instance.this]
}

run "a_log_older_than_the_oldest_backup_is_refused" {
  command = plan

  variables {
    backups_kept = 7
  }

  expect_failures = [google_sql_database_instance.this]
}

run "an_instance_before_its_peering_is_refused" {
  command = plan

  variables {
    private_services_ready = ""
  }

  expect_failures = [google_sql_database_instance.this]
}

run "enterprise_plus_with_35_days_is_accepted" {
  command = plan

  variables {
    edition              = "ENTERPRISE_PLUS"
    tier                 = "db-perf-optimized-N-2"
    backups_kept         = 36
    transaction_log_days = 35
    database_flags       = { max_connections = "500" }
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].transaction_log_retention_days == 35 && contains([for flag in google_sql_database_instance.this.settings[0].database_flags : "${flag.name}=${flag.value}"], "max_connections=500")
    error_message = "ENTERPRISE_PLUS keeps 35 days of log."
  }
}

run "the_cheapest_instance_is_accepted" {
  command = plan

  variables {
    tier                   = "db-f1-micro"
    availability           = "ZONAL"
    backups_kept           = 0
    point_in_time_recovery = false
    deletion_protection    = false
  }

  assert {
    condition = (
      google_sql_database_instance.this.settings[0].backup_configuration[0].enabled == false &&
      length(google_sql_database_instance.this.settings[0].backup_configuration[0].backup_retention_settings) == 0
    )
    error_message = "Without backups nothing is said of how many are kept."
  }

  assert {
    condition     = !google_sql_database_instance.this.deletion_protection && !google_sql_database_instance.this.settings[0].deletion_protection_enabled
    error_message = "Protection is switched off on both sides at once."
  }
}

run "the_smallest_machine_that_may_have_a_standby_is_accepted" {
  command = plan

  variables {
    tier = "db-custom-1-3840"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].availability_type == "REGIONAL"
    error_message = "One core of our own is within the SLA."
  }
}
