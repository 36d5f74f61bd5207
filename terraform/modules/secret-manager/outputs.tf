output "secret_id" {
  description = "Short name of the secret; whoever reads it waits until the accessors may read the value."
  value       = google_secret_manager_secret.this.secret_id
  depends_on  = [google_secret_manager_secret_iam_member.accessor]
}

output "id" {
  description = "Full name of the secret (projects/…/secrets/…)."
  value       = google_secret_manager_secret.this.id
}

output "version" {
  description = "Number of the version that holds the present value: pin workloads to it, so that a new value is a new revision."
  value       = google_secret_manager_secret_version.this.version
}
