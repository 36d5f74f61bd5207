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
