output "project_id" {
  description = "The project's id again: who takes it from here waits until the APIs are on."
  value       = var.project_id
  depends_on  = [google_project_service.this]
}

output "services" {
  description = "The APIs that are on."
  value       = [for service in google_project_service.this : service.service]
}
