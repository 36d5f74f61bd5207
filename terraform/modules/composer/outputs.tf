output "name" {
  description = "The environment's name."
  value       = google_composer_environment.this.name
}

output "dag_gcs_prefix" {
  description = "Where the DAGs belong: gs://BUCKET/dags."
  value       = google_composer_environment.this.config[0].dag_gcs_prefix
}

output "bucket" {
  description = "The environment's bucket, without gs://."
  value       = local.bucket
}

output "airflow_uri" {
  description = "Airflow's pages."
  value       = google_composer_environment.this.config[0].airflow_uri
}
