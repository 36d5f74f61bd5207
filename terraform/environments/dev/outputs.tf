output "project_id" {
  description = "The project."
  value       = module.stack.project_id
}

output "region" {
  description = "The region, for gcloud builds submit and gcloud run."
  value       = module.stack.region
}

output "api_url" {
  description = "Where the API answers, and the audience of Google's ID tokens for it."
  value       = module.stack.api_url
}

output "load_balancer_ip" {
  description = "Where the domains' A records must point; null without a load balancer."
  value       = module.stack.load_balancer_ip
}

output "substitutions" {
  description = "What gcloud builds submit takes as --substitutions, beside _TAG."
  value       = module.stack.substitutions
}

output "deploy_account" {
  description = "What gcloud builds submit takes as --service-account."
  value       = module.stack.deploy_account
}

output "deploy_account_email" {
  description = "The same account by its e-mail, as google-github-actions/auth takes it."
  value       = module.stack.deploy_account_email
}

output "source_bucket" {
  description = "Bucket that builds stage their source in, without gs://."
  value       = module.stack.source_bucket
}

output "sql_bucket" {
  description = "Bucket that the workflows read dags/sql from; null with Composer."
  value       = module.stack.sql_bucket
}

output "dag_gcs_prefix" {
  description = "Where Composer reads the DAGs; null with the scheduler."
  value       = module.stack.dag_gcs_prefix
}

output "airflow_uri" {
  description = "Airflow's pages; null with the scheduler."
  value       = module.stack.airflow_uri
}

output "workflow_names" {
  description = "The workflows; none with Composer."
  value       = module.stack.workflow_names
}

output "admin_job" {
  description = "The job that makes an administrator."
  value       = module.stack.admin_job
}

output "admin_password_secret" {
  description = "The secret that holds the first administrator's password."
  value       = module.stack.admin_password_secret
}

output "jwt_keys_secret" {
  description = "The secret that holds the keys that sign access tokens."
  value       = module.stack.jwt_keys_secret
}

output "instance_name" {
  description = "The Cloud SQL instance, for gcloud sql."
  value       = module.stack.instance_name
}

output "workload_identity_provider" {
  description = "What google-github-actions/auth takes as workload_identity_provider; null without github."
  value       = module.stack.workload_identity_provider
}

output "alerts_subscription" {
  description = "The subscription that alerts are read from."
  value       = module.stack.alerts_subscription
}
