mock_provider "google" {}

variables {
  project_id = "tally-test"
  region     = "europe-west1"
  name       = "tally-dev"
}

run "the_smallest_ranges_are_accepted" {
  command = plan

  variables {
    name                   = "a2345678902345678902345678902345678902345678902345"
    subnet_cidr            = "172.31.255.192/26"
    services_prefix_length = 24
    flow_log_sampling      = 1
    run_app_address        = "172.31.255.191"
  }

  assert {
    condition = max([
      for name in [google_compute_global_address.services[0].name, google_dns_managed_zone.run_app[0].name, google_compute_global_address.run_app[0].name, google_compute_firewall.deny_ingress.name] : length(name)
    ]...) == 63
    error_message = "With the longest name the longest derived name is exactly as long as Google allows."
  }

  assert {
    condition     = length(google_compute_global_forwarding_rule.run_app[0].name) == 20
    error_message = "Google allows an endpoint for its APIs twenty letters and digits."
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Tally"
  }

  expect_failures = [var.name]
}

run "a_name_that_leaves_no_room_is_refused" {
  command = plan

  variables {
    name = "a23456789023456789023456789023456789023456789023456"
  }

  expect_failures = [var.name]
}

run "a_public_range_is_refused" {
  command = plan

  variables {
    subnet_cidr = "8.8.8.0/24"
  }

  expect_failures = [var.subnet_cidr]
}

run "a_range_that_is_none_is_refused" {
  command = plan

  variables {
    subnet_cidr = "10.10.0.0"
  }

  expect_failures = [var.subnet_cidr]
}

run "a_range_by_an_address_within_it_is_refused" {
  command = plan

  variables {
    subnet_cidr = "10.10.0.5/24"
  }

  expect_failures = [var.subnet_cidr]
}

run "a_range_too_small_for_cloud_run_is_refused" {
  command = plan

  variables {
    subnet_cidr = "10.10.0.0/27"
  }

  expect_failures = [var.subnet_cidr]
}

run "another_way_to_the_database_is_refused" {
  command = plan

  variables {
    database_access = "public"
  }

  expect_failures = [var.database_access]
}

run "a_range_too_small_for_cloud_sql_is_refused" {
  command = plan

  variables {
    services_prefix_length = 25
  }

  expect_failures = [var.services_prefix_length]
}

run "switching_flow_logs_off_is_refused" {
  command = plan

  variables {
    flow_log_sampling = 0
  }

  expect_failures = [var.flow_log_sampling]
}

run "an_endpoint_in_the_subnet_is_refused" {
  command = plan

  variables {
    run_app_address = "10.10.0.9"
  }

  expect_failures = [google_compute_global_address.run_app]
}

run "an_endpoint_at_a_public_address_is_refused" {
  command = plan

  variables {
    run_app_address = "199.36.153.8"
  }

  expect_failures = [var.run_app_address]
}

run "an_endpoint_at_a_range_is_refused" {
  command = plan

  variables {
    run_app_address = "10.11.0.0/24"
  }

  expect_failures = [var.run_app_address]
}
