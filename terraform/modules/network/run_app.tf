# A function with internal ingress answers only what comes from the network. Composer sends what goes
# to Google's own addresses out by a network of Google's, those of private.googleapis.com among
# them; an endpoint within this network is an address like any other.
resource "google_compute_global_address" "run_app" {
  count = var.run_app_address == null ? 0 : 1

  project      = var.project_id
  name         = "${var.name}-run-app"
  description  = "Where functions are called from within the network"
  address_type = "INTERNAL"
  purpose      = "PRIVATE_SERVICE_CONNECT"
  address      = var.run_app_address
  network      = google_compute_network.this.id
  labels       = var.labels

  lifecycle {
    precondition {
      condition     = cidrhost("${var.run_app_address}/${split("/", var.subnet_cidr)[1]}", 0) != cidrhost(var.subnet_cidr, 0)
      error_message = "run_app_address (${var.run_app_address}) lies in subnet_cidr (${var.subnet_cidr}); Google wants it outside of every subnet."
    }
  }
}

resource "google_compute_global_forwarding_rule" "run_app" {
  count = var.run_app_address == null ? 0 : 1

  project = var.project_id
  # Of an endpoint for Google's APIs a name has letters and digits only, 20 at most.
  name                  = substr(replace(var.name, "-", ""), 0, 20)
  target                = "all-apis"
  network               = google_compute_network.this.id
  ip_address            = google_compute_global_address.run_app[0].id
  load_balancing_scheme = ""
}

resource "google_dns_managed_zone" "run_app" {
  count = var.run_app_address == null ? 0 : 1

  project     = var.project_id
  name        = "${var.name}-run-app"
  description = "Sends run.app to the endpoint within the network"
  dns_name    = "run.app."
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "run_app" {
  count = var.run_app_address == null ? 0 : 1

  project      = var.project_id
  managed_zone = google_dns_managed_zone.run_app[0].name
  name         = "*.run.app."
  type         = "A"
  ttl          = 300
  rrdatas      = [var.run_app_address]
}
