# Google's own addresses for its APIs within a network (private.googleapis.com).
locals {
  google_apis_addresses = ["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"]
}

resource "google_compute_network" "this" {
  project                 = var.project_id
  name                    = var.name
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "this" {
  project                  = var.project_id
  region                   = var.region
  name                     = var.name
  network                  = google_compute_network.this.id
  ip_cidr_range            = var.subnet_cidr
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = var.flow_log_sampling
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

# Nothing in the network is to be called from anywhere. Google's implied rule refuses it too, but
# logs nothing.
resource "google_compute_firewall" "deny_ingress" {
  project       = var.project_id
  name          = "${var.name}-deny-ingress"
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  priority      = 65534
  source_ranges = ["0.0.0.0/0"]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# A function with internal ingress answers only what comes from the network: by this zone
# calls to run.app stay in it, instead of leaving by the public address.
resource "google_dns_managed_zone" "run_app" {
  project     = var.project_id
  name        = "${var.name}-run-app"
  description = "Sends run.app to Google's addresses within the network"
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
  project      = var.project_id
  managed_zone = google_dns_managed_zone.run_app.name
  name         = "*.run.app."
  type         = "A"
  ttl          = 300
  rrdatas      = local.google_apis_addresses
}

resource "google_compute_global_address" "services" {
  count = var.database_access == "psa" ? 1 : 0

  project       = var.project_id
  name          = "${var.name}-services"
  description   = "Addresses for Google's services, such as Cloud SQL"
  address_type  = "INTERNAL"
  purpose       = "VPC_PEERING"
  prefix_length = var.services_prefix_length
  network       = google_compute_network.this.id
  labels        = var.labels
}

resource "google_service_networking_connection" "services" {
  count = var.database_access == "psa" ? 1 : 0

  network                 = google_compute_network.this.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = google_compute_global_address.services[*].name
  # Google keeps the connection for days after the last instance is gone, and refuses to delete it
  # (terraform-provider-google#16275, #18834, #19908). It is left to Google, which remembers it even
  # for a new network of the same name: that one has to update it.
  deletion_policy         = "ABANDON"
  update_on_creation_fail = true
}
