# The service takes nothing but what comes through here, so this is how a deployment tries the revision
# that has no traffic yet.

resource "google_compute_region_network_endpoint_group" "candidate" {
  count = var.candidate_domain == null ? 0 : 1

  project               = var.project_id
  region                = var.region
  name                  = "${var.name}-candidate"
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = var.service_name
    tag     = "candidate"
  }
}

resource "google_compute_backend_service" "candidate" {
  count = var.candidate_domain == null ? 0 : 1

  project               = var.project_id
  name                  = "${var.name}-candidate"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.this.id

  backend {
    group = google_compute_region_network_endpoint_group.candidate[0].id
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}
