# The way to an instance without the peering: an address of our own subnet that leads to it, and
# the name by which connectors look for it.

resource "google_compute_address" "psc" {
  count = var.database_access == "psc" ? 1 : 0

  project      = var.project_id
  region       = var.region
  name         = "${var.name}-psc"
  address_type = "INTERNAL"
  subnetwork   = var.subnetwork_id
  labels       = var.labels
}

resource "google_compute_forwarding_rule" "psc" {
  count = var.database_access == "psc" ? 1 : 0

  project               = var.project_id
  region                = var.region
  name                  = "${var.name}-psc"
  network               = var.network_id
  ip_address            = one(google_compute_address.psc[*].self_link)
  target                = google_sql_database_instance.this.psc_service_attachment_link
  load_balancing_scheme = ""
  recreate_closed_psc   = true
}

# A zone of the instance's own name hides no other instance's.
resource "google_dns_managed_zone" "psc" {
  count = var.database_access == "psc" ? 1 : 0

  project     = var.project_id
  name        = "${var.name}-psc"
  description = "Leads connectors to the endpoint of ${var.name}"
  dns_name    = "${trimsuffix(google_sql_database_instance.this.dns_name, ".")}."
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = var.network_id
    }
  }
}

resource "google_dns_record_set" "psc" {
  count = var.database_access == "psc" ? 1 : 0

  project      = var.project_id
  managed_zone = one(google_dns_managed_zone.psc[*].name)
  name         = one(google_dns_managed_zone.psc[*].dns_name)
  type         = "A"
  ttl          = 300
  rrdatas      = google_compute_address.psc[*].address
}
