output "name" {
  description = "The environment's name."
  value       = google_composer_environment.this.name
}

output "dag_gcs_prefix" {
  description = "Where the DAGs belong, as the URL of a folder of the bucket."
  value       = google_composer_environment.this.config[0].dag_gcs_prefix
}

output "bucket" {
  description = "The name of the environment's bucket."
  value       = local.bucket
}

output "airflow_uri" {
  description = "Airflow's pages."
  value       = google_composer_environment.this.config[0].airflow_uri
}
