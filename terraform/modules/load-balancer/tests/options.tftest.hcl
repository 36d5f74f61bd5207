# Every run is a plan.
mock_provider "google" {}

variables {
  project_id   = "tally-test"
  region       = "europe-west1"
  name         = "tally-api"
  service_name = "tally-api"
  domains      = ["api.example.com"]
}

run "rules_can_be_enforced_at_a_sensitivity" {
  command = plan
  variables {
    waf = { rules = ["sqli-v33-stable", "xss-v33-stable"], sensitivity = 2, preview = false }
  }

  assert {
    condition = {
      for rule in google_compute_security_policy.this.rule : rule.priority => rule.match[0].expr[0].expression
      if rule.priority >= 1000 && rule.priority < 2000 && rule.preview == false && rule.action == "deny(403)"
      } == {
      1000 = "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 2})"
      1001 = "evaluatePreconfiguredWaf('xss-v33-stable', {'sensitivity': 2})"
    }
    error_message = "Other rules are enforced than those asked for."
  }
}

run "the_limit_is_the_one_given" {
  command = plan
  variables {
    rate_limit = { requests = 100, interval_s = 10 }
  }

  assert {
    condition = [
      for rule in google_compute_security_policy.this.rule : rule.rate_limit_options[0].rate_limit_threshold[0] if rule.action == "throttle"
    ] == [{ count = 100, interval_sec = 10 }]
    error_message = "It is not 100 requests in 10 seconds."
  }
}

run "logging_can_be_turned_off" {
  command = plan
  variables {
    log_sample_rate = 0
  }

  assert {
    condition     = google_compute_backend_service.this.log_config[0].enable == false
    error_message = "Requests are logged."
  }
}
