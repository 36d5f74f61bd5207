output "name" {
  description = "The bucket's name."
  value       = google_storage_bucket.this.name
}

output "url" {
  description = "Its URL, as gcloud takes it."
  value       = google_storage_bucket.this.url
}
