output "url" {
  description = "Where images are pushed to and pulled from: an image is URL/NAME:TAG."
  value       = google_artifact_registry_repository.this.registry_uri
}

output "name" {
  description = "Name of the repository within its project and region."
  value       = google_artifact_registry_repository.this.name
}
