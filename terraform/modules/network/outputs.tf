output "network_id" {
  description = "Id of the network (projects/…/global/networks/…)."
  value       = google_compute_network.this.id
}

output "subnetwork_id" {
  description = "Id of the subnet (projects/…/regions/…/subnetworks/…)."
  value       = google_compute_subnetwork.this.id
}

output "private_services_ready" {
  description = "Id of the service networking connection, empty with psc. Hand it to the module cloud-sql: an instance with a private address cannot be made before the connection."
  value       = join("", google_service_networking_connection.services[*].id)
}
