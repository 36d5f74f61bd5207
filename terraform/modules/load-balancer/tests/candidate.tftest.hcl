# Every run is a plan.
mock_provider "google" {
  mock_resource "google_compute_security_policy" {
    override_during = plan
    defaults        = { id = "projects/tally-test/global/securityPolicies/tally-api" }
  }
}

variables {
  project_id   = "tally-test"
  region       = "europe-west1"
  name         = "tally-api"
  service_name = "tally-api"
  domains      = ["api.example.com"]
}

run "there_is_none_unless_it_is_named" {
  command = plan

  assert {
    condition     = length(google_compute_backend_service.candidate) == 0 && length(google_compute_url_map.https.host_rule) == 0
    error_message = "A candidate can be reached without being asked for."
  }
}

run "its_name_leads_to_the_tagged_revision_through_cloud_armor" {
  command = plan

  variables {
    candidate_domain = "candidate.api.example.com"
  }

  assert {
    condition     = google_compute_region_network_endpoint_group.candidate[0].cloud_run[0].tag == "candidate" && google_compute_region_network_endpoint_group.candidate[0].cloud_run[0].service == "tally-api"
    error_message = "Another revision answers."
  }
  assert {
    condition     = google_compute_backend_service.candidate[0].security_policy == "projects/tally-test/global/securityPolicies/tally-api"
    error_message = "The candidate is a way around Cloud Armor."
  }
  assert {
    condition     = one(google_compute_url_map.https.host_rule).hosts == toset(["candidate.api.example.com"])
    error_message = "Other names lead to the candidate."
  }
  assert {
    condition     = google_compute_managed_ssl_certificate.this.managed[0].domains == tolist(["api.example.com", "candidate.api.example.com"])
    error_message = "The certificate is not for all names."
  }
}

run "the_name_that_everybody_uses_is_refused" {
  command = plan
  variables {
    candidate_domain = "api.example.com"
  }
  expect_failures = [var.candidate_domain]
}

run "a_url_is_refused" {
  command = plan
  variables {
    candidate_domain = "https://candidate.api.example.com"
  }
  expect_failures = [var.candidate_domain]
}
