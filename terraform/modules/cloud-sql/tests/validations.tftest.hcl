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

run "a_name_with_an_underscore_is_refused" {
  command = plan

  variables {
    name = "tally_dev"
  }

  expect_failures = [var.name]
}

run "a_database_of_cloud_sqls_own_is_refused" {
  command = plan

  variables {
    database = "cloudsqladmin"
  }

  expect_failures = [var.database]
}

run "a_database_with_a_hyphen_is_refused" {
  command = plan

  variables {
    database = "tally-orders"
  }

  expect_failures = [var.database]
}

run "another_edition_is_refused" {
  command = plan

  variables {
    edition = "STANDARD"
  }

  expect_failures = [var.edition]
}

run "a_machine_that_postgres_does_not_have_is_refused" {
  command = plan

  variables {
    tier = "db-n1-standard-2"
  }

  expect_failures = [var.tier]
}

run "an_odd_number_of_cores_is_refused" {
  command = plan

  variables {
    tier = "db-custom-3-7680"
  }

  expect_failures = [var.tier]
}

run "more_memory_than_the_cores_may_have_is_refused" {
  command = plan

  variables {
    tier = "db-custom-1-6912"
  }

  expect_failures = [var.tier]
}

run "less_memory_than_the_cores_need_is_refused" {
  command = plan

  variables {
    tier = "db-custom-8-3840"
  }

  expect_failures = [var.tier]
}

run "memory_off_the_step_of_256_mb_is_refused" {
  command = plan

  variables {
    tier = "db-custom-2-8000"
  }

  expect_failures = [var.tier]
}

run "another_availability_is_refused" {
  command = plan

  variables {
    availability = "GLOBAL"
  }

  expect_failures = [var.availability]
}

run "a_disk_below_ten_gb_is_refused" {
  command = plan

  variables {
    disk_gb = 9
  }

  expect_failures = [var.disk_gb]
}

run "a_public_way_to_the_instance_is_refused" {
  command = plan

  variables {
    database_access = "public"
  }

  expect_failures = [var.database_access]
}

run "half_a_backup_is_refused" {
  command = plan

  variables {
    backups_kept = 7.5
  }

  expect_failures = [var.backups_kept]
}

run "an_hour_that_is_none_is_refused" {
  command = plan

  variables {
    backup_start_time = "24:00"
  }

  expect_failures = [var.backup_start_time]
}

run "an_eighth_day_of_the_week_is_refused" {
  command = plan

  variables {
    maintenance = { day = 8 }
  }

  expect_failures = [var.maintenance]
}

run "another_track_is_refused" {
  command = plan

  variables {
    maintenance = { track = "week2" }
  }

  expect_failures = [var.maintenance]
}

run "too_many_plans_are_refused" {
  command = plan

  variables {
    insights = { plans_per_minute = 21 }
  }

  expect_failures = [var.insights]
}

run "a_flag_that_switches_iam_off_is_refused" {
  command = plan

  variables {
    database_flags = { "cloudsql.iam_authentication" = "off" }
  }

  expect_failures = [var.database_flags]
}

run "a_flag_that_logs_less_is_refused" {
  command = plan

  variables {
    database_flags = { log_connections = "off" }
  }

  expect_failures = [var.database_flags]
}

run "a_member_in_place_of_an_address_is_refused" {
  command = plan

  variables {
    iam_users = { api = { email = "serviceAccount:tally-dev-api@tally-test.iam.gserviceaccount.com" } }
  }

  expect_failures = [var.iam_users]
}

run "a_person_as_a_user_is_refused" {
  command = plan

  variables {
    iam_users = { ann = { email = "ann@example.com" } }
  }

  expect_failures = [var.iam_users]
}

run "a_limit_below_the_disk_is_refused" {
  command = plan

  variables {
    disk_gb       = 20
    disk_limit_gb = 10
  }

  expect_failures = [var.disk_limit_gb]
}
