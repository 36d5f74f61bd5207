output "name" {
  description = "The function's name."
  value       = google_cloudfunctions2_function.this.name
}

output "url" {
  description = "Where it answers; also the audience of id tokens for it."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}

output "service_name" {
  description = "The name of its Cloud Run service, which is the function's."
  value       = google_cloudfunctions2_function.this.name
}
