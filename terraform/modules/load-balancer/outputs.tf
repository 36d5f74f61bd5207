output "ip_address" {
  description = "Where the domains' A records must point."
  value       = google_compute_global_address.this.address
}

output "security_policy_id" {
  description = "The Cloud Armor policy's id."
  value       = google_compute_security_policy.this.id
}

output "backend_service_id" {
  description = "The backend service's id."
  value       = google_compute_backend_service.this.id
}
