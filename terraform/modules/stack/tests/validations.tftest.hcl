# Each mistake is refused where it is made; what is right is planned in the other files.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project_id  = "acme-orders"
  region      = "europe-west1"
  environment = "dev"
  functions   = { archive = "functions.zip" }
  secrets = {
    jwt_keys       = "v1:0123456789abcdef0123456789abcdef"
    admin_password = "0123456789abcdef"
  }
}

run "a_zone_is_no_region" {
  command = plan
  variables {
    region = "europe-west1-b"
  }
  expect_failures = [var.region]
}

run "prod_in_one_zone_is_refused" {
  command = plan
  variables {
    environment = "prod"
    database    = { availability = "ZONAL" }
  }
  expect_failures = [var.database]
}

run "prod_without_its_log_is_refused" {
  command = plan
  variables {
    environment = "prod"
    database    = { point_in_time_recovery = false }
  }
  expect_failures = [var.database]
}

run "prod_without_deletion_protection_is_refused" {
  command = plan
  variables {
    environment         = "prod"
    deletion_protection = false
  }
  expect_failures = [var.deletion_protection]
}

run "public_without_a_reason_is_refused" {
  command = plan
  variables {
    public = { enabled = true }
  }
  expect_failures = [var.public]
}

run "a_load_balancer_before_a_private_api_is_refused" {
  command = plan
  variables {
    load_balancer = { domains = ["orders.example.com"] }
  }
  expect_failures = [var.load_balancer]
}

run "a_setting_that_is_made_here_is_refused" {
  command = plan
  variables {
    api = { settings = { AUTH = "loopback" } }
  }
  expect_failures = [var.api]
}

run "a_secret_among_the_settings_is_refused" {
  command = plan
  variables {
    api = { settings = { RATE_LIMIT_STORAGE = "redis://:hunter2@10.0.0.3" } }
  }
  expect_failures = [var.api]
}

run "more_connections_than_the_database_has_are_refused" {
  command = plan
  variables {
    api      = { max_instances = 3 }
    database = { max_connections = 25 }
  }
  expect_failures = [var.api]
}

run "as_many_connections_as_the_database_has_are_allowed" {
  command = plan
  variables {
    api      = { max_instances = 3, settings = { DB_POOL_SIZE = "2" } }
    database = { max_connections = 25 }
  }
}

run "a_role_that_the_api_has_not_is_refused" {
  command = plan
  variables {
    api = { service_accounts = { "a@b.iam.gserviceaccount.com" = "owner" } }
  }
  expect_failures = [var.api]
}

run "another_orchestrator_is_refused" {
  command = plan
  variables {
    orchestrator = "cron"
  }
  expect_failures = [var.orchestrator]
}

run "a_short_signing_key_is_refused" {
  command = plan
  variables {
    secrets = { jwt_keys = "v1:short", admin_password = "0123456789abcdef" }
  }
  expect_failures = [var.secrets]
}

run "a_short_password_is_refused" {
  command = plan
  variables {
    secrets = { jwt_keys = "v1:0123456789abcdef0123456789abcdef", admin_password = "admin" }
  }
  expect_failures = [var.secrets]
}

run "datadog_without_its_key_is_refused" {
  command = plan
  variables {
    datadog = {}
  }
  expect_failures = [var.secrets]
}
