# Every run is a plan.
mock_provider "google" {
  mock_resource "google_compute_security_policy" {
    override_during = plan
    defaults        = { id = "projects/tally-test/global/securityPolicies/tally-api" }
  }
  mock_resource "google_compute_ssl_policy" {
    override_during = plan
    defaults        = { id = "projects/tally-test/global/sslPolicies/tally-api" }
  }
}

variables {
  project_id   = "tally-test"
  region       = "europe-west1"
  name         = "tally-api"
  service_name = "tally-api"
  domains      = ["api.example.com"]
}

run "it_answers_https_by_modern_tls_and_sends_http_there" {
  command = plan

  assert {
    condition = {
      https    = google_compute_global_forwarding_rule.https.port_range
      redirect = google_compute_global_forwarding_rule.redirect.port_range
    } == { https = "443", redirect = "80" }
    error_message = "Other ports are open."
  }
  assert {
    condition     = google_compute_ssl_policy.this.min_tls_version == "TLS_1_2" && google_compute_ssl_policy.this.profile == "MODERN"
    error_message = "TLS below 1.2 or weak ciphers are taken."
  }
  assert {
    condition     = google_compute_target_https_proxy.this.ssl_policy == "projects/tally-test/global/sslPolicies/tally-api"
    error_message = "The policy for TLS is not in use."
  }
  assert {
    condition = (
      google_compute_url_map.redirect.default_url_redirect[0].https_redirect == true
      && google_compute_url_map.redirect.default_url_redirect[0].redirect_response_code == "PERMANENT_REDIRECT"
      && google_compute_url_map.redirect.default_url_redirect[0].strip_query == false
      && google_compute_url_map.redirect.default_service == null
    )
    error_message = "Plain HTTP is answered, or the redirect loses method or query."
  }
}

run "what_it_sends_on_goes_to_the_service_through_cloud_armor" {
  command = plan

  assert {
    condition = (
      google_compute_region_network_endpoint_group.this.network_endpoint_type == "SERVERLESS"
      && google_compute_region_network_endpoint_group.this.cloud_run[0].service == "tally-api"
    )
    error_message = "Something else than the service is behind it."
  }
  assert {
    condition     = google_compute_backend_service.this.security_policy == "projects/tally-test/global/securityPolicies/tally-api"
    error_message = "Cloud Armor's policy is not in use."
  }
  assert {
    condition     = toset([for scheme in [google_compute_backend_service.this.load_balancing_scheme, google_compute_global_forwarding_rule.https.load_balancing_scheme, google_compute_global_forwarding_rule.redirect.load_balancing_scheme] : scheme]) == toset(["EXTERNAL_MANAGED"])
    error_message = "It is not a global external load balancer through and through."
  }
  assert {
    condition     = google_compute_backend_service.this.log_config[0].enable == true && google_compute_backend_service.this.log_config[0].sample_rate == 1
    error_message = "Requests are not logged, all of them."
  }
}

run "its_certificate_is_for_the_domains_and_named_after_them" {
  command = plan

  assert {
    condition     = google_compute_managed_ssl_certificate.this.managed[0].domains == tolist(["api.example.com"])
    error_message = "The certificate is for other names."
  }
  assert {
    condition     = google_compute_managed_ssl_certificate.this.name == "tally-api-${substr(sha256("api.example.com"), 0, 8)}"
    error_message = "Other domains would not make another certificate."
  }
}

run "log4j_is_refused_and_an_address_is_slowed_down" {
  command = plan

  assert {
    condition = toset([
      for rule in google_compute_security_policy.this.rule : "${rule.priority} ${rule.action}" if rule.preview != true
    ]) == toset(["900 deny(403)", "2000 throttle", "2147483647 allow"])
    error_message = "Other rules are in force."
  }
  assert {
    condition = [
      for rule in google_compute_security_policy.this.rule : {
        key      = rule.rate_limit_options[0].enforce_on_key
        excess   = rule.rate_limit_options[0].exceed_action
        requests = rule.rate_limit_options[0].rate_limit_threshold[0].count
        seconds  = rule.rate_limit_options[0].rate_limit_threshold[0].interval_sec
      } if rule.action == "throttle"
    ] == [{ key = "IP", excess = "deny(429)", requests = 6000, seconds = 60 }]
    error_message = "It is not 6,000 requests a minute for one address, and 429 above."
  }
}

run "other_attacks_are_only_logged_until_somebody_has_looked" {
  command = plan

  assert {
    condition = toset([
      for rule in google_compute_security_policy.this.rule : rule.description if rule.preview == true
    ]) == var.waf.rules
    error_message = "Other rules are in preview than those of waf.rules."
  }
}
