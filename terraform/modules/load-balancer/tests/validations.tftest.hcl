# Every run is a plan: each mistake is refused by its own validation.
mock_provider "google" {}

variables {
  project_id   = "tally-test"
  region       = "europe-west1"
  name         = "tally-api"
  service_name = "tally-api"
  domains      = ["api.example.com"]
}

run "a_name_too_long_for_its_endings_is_refused" {
  command = plan
  variables {
    name = "a23456789-123456789-123456789-123456789-123"
  }

  expect_failures = [var.name]
}

run "no_domain_is_refused" {
  command = plan
  variables {
    domains = []
  }

  expect_failures = [var.domains]
}

run "a_wildcard_is_refused" {
  command = plan
  variables {
    domains = ["*.example.com"]
  }

  expect_failures = [var.domains]
}

run "a_url_is_refused" {
  command = plan
  variables {
    domains = ["https://api.example.com"]
  }

  expect_failures = [var.domains]
}

run "a_domain_named_twice_is_refused" {
  command = plan
  variables {
    domains = ["api.example.com", "api.example.com"]
  }

  expect_failures = [var.domains]
}

run "an_interval_that_cloud_armor_does_not_know_is_refused" {
  command = plan
  variables {
    rate_limit = { interval_s = 45 }
  }

  expect_failures = [var.rate_limit]
}

run "a_limit_that_lets_nothing_through_is_refused" {
  command = plan
  variables {
    rate_limit = { requests = 0 }
  }

  expect_failures = [var.rate_limit]
}

run "a_rule_that_cloud_armor_does_not_know_is_refused" {
  command = plan
  variables {
    waf = { rules = ["sql-injection"] }
  }

  expect_failures = [var.waf]
}

run "a_sensitivity_of_five_is_refused" {
  command = plan
  variables {
    waf = { sensitivity = 5 }
  }

  expect_failures = [var.waf]
}

run "logging_twice_is_refused" {
  command = plan
  variables {
    log_sample_rate = 2
  }

  expect_failures = [var.log_sample_rate]
}

run "several_domains_are_accepted" {
  command = plan
  variables {
    domains = ["api.example.com", "orders.example.co.uk"]
  }

  assert {
    condition     = google_compute_managed_ssl_certificate.this.managed[0].domains == tolist(["api.example.com", "orders.example.co.uk"])
    error_message = "The certificate is for other names."
  }
}
