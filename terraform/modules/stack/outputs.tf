output "project_id" {
  description = "The project."
  value       = var.project_id
}

output "region" {
  description = "The region, for gcloud builds submit and gcloud run."
  value       = var.region
}

output "api_url" {
  description = "Where the API answers, and the audience of Google's ID tokens for it."
  value       = "https://${local.api_host}"
}

output "load_balancer_ip" {
  description = "Where the domains' A records must point; null without a load balancer."
  value       = one(module.load_balancer[*].ip_address)
}

output "substitutions" {
  description = "What gcloud builds submit takes as --substitutions, beside _TAG."
  value = join(",", [for key, value in {
    _ADMIN_JOB     = module.admin.name
    _CANDIDATE_URL = "https://${local.candidate_host}"
    _DAGS          = local.composer ? module.composer[0].dag_gcs_prefix : ""
    _FUNCTIONS     = join(" ", [for key in sort(keys(local.functions)) : module.function[key].name])
    _IMAGE         = "${module.artifact_registry.url}/api"
    _MIGRATE_JOB   = module.migrate.name
    _REGION        = var.region
    _SERVICE       = module.api.name
    _SOURCE_BUCKET = module.source_bucket.name
    _SQL_BUCKET    = local.scheduler ? module.sql_bucket[0].name : ""
    # Metrics come three minutes late.
    _WATCH_S = var.environment == "prod" ? 900 : 300
  } : "${key}=${value}"])
}

output "deploy_account" {
  description = "What gcloud builds submit takes as --service-account."
  value       = module.service_account["deploy"].name
}

output "deploy_account_email" {
  description = "The same account by its e-mail, as google-github-actions/auth takes it."
  value       = module.service_account["deploy"].email
}

output "source_bucket" {
  description = "Bucket that builds stage their source in, without gs://."
  value       = module.source_bucket.name
}

output "sql_bucket" {
  description = "Bucket that the workflows read dags/sql from; null with Composer."
  value       = one(module.sql_bucket[*].name)
}

output "dag_gcs_prefix" {
  description = "Where Composer reads the DAGs; null with the scheduler."
  value       = one(module.composer[*].dag_gcs_prefix)
}

output "airflow_uri" {
  description = "Airflow's pages; null with the scheduler."
  value       = one(module.composer[*].airflow_uri)
}

output "workflow_names" {
  description = "The workflows; none with Composer."
  value       = local.scheduler ? module.workflows[0].workflow_names : {}
}

output "admin_job" {
  description = "The job that makes an administrator."
  value       = module.admin.name
}

output "admin_password_secret" {
  description = "The secret that holds the first administrator's password."
  value       = module.admin_password.secret_id
}

output "jwt_keys_secret" {
  description = "The secret that holds the keys that sign access tokens."
  value       = module.jwt_keys.secret_id
}

output "instance_name" {
  description = "The Cloud SQL instance, for gcloud sql."
  value       = module.cloud_sql.instance_name
}

output "workload_identity_provider" {
  description = "What google-github-actions/auth takes as workload_identity_provider; null without github."
  value       = one(module.workload_identity[*].provider_name)
}

output "alerts_subscription" {
  description = "The subscription that alerts are read from."
  value       = module.alerts.subscription_id
}
