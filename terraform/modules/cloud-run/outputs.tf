output "name" {
  description = "The service's name."
  value       = google_cloud_run_v2_service.this.name
}

output "id" {
  description = "projects/PROJECT/locations/REGION/services/NAME."
  value       = google_cloud_run_v2_service.this.id
}

output "uri" {
  description = "Where it answers, by the name that Google made up; the deterministic one works too."
  value       = google_cloud_run_v2_service.this.uri
}

output "location" {
  description = "Its region."
  value       = google_cloud_run_v2_service.this.location
}
