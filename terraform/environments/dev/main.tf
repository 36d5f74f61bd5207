# Cheap: the smallest database, nothing that waits for requests, workflows in place of Airflow.
module "stack" {
  source = "../../modules/stack"

  project_id          = var.project_id
  region              = var.region
  environment         = "dev"
  deletion_protection = var.deletion_protection
  orchestrator        = "scheduler"

  database = {
    tier                 = "db-f1-micro"
    availability         = "ZONAL"
    backups_kept         = 7
    transaction_log_days = 3
    # What its memory allows, and what the instances below need.
    max_connections = 25
  }

  api = {
    max_instances = 3
    settings      = { DB_POOL_SIZE = "2" }
  }

  public = {
    enabled = true
    reason  = "Clients are outside Google Cloud; the API asks each of them for credentials of its own."
  }

  functions = { archive = "${path.root}/../../../dist/functions.zip" }
  bigquery  = { readers = var.bigquery_readers }
  alerts    = { emails = var.alert_emails, budget = var.budget }
  datadog   = var.datadog_site == null ? null : { site = var.datadog_site }
  deployers = var.deployers
  github    = var.github

  secrets         = local.secrets
  secret_versions = var.secret_versions
}
