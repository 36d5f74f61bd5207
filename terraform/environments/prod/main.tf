# A database in two zones, restored to any moment of the last week; an instance that waits; Airflow.
module "stack" {
  source = "../../modules/stack"

  project_id          = var.project_id
  region              = var.region
  environment         = "prod"
  deletion_protection = var.deletion_protection
  supply_chain        = { binary_authorization = var.binary_authorization }
  orchestrator        = "composer"

  database = {
    tier                   = "db-custom-2-7680"
    availability           = "REGIONAL"
    disk_gb                = 50
    backups_kept           = 30
    point_in_time_recovery = true
    transaction_log_days   = 7
    max_connections        = 400
  }

  api = {
    cpu           = "2"
    memory        = "2Gi"
    min_instances = 1
    max_instances = 20
  }

  public = {
    enabled = true
    reason  = "Clients are outside Google Cloud; the API asks each of them for credentials of its own."
  }

  load_balancer = length(var.domains) == 0 ? null : { domains = var.domains }
  functions     = { archive = "${path.root}/../../../dist/functions.zip", cpu = "2", memory = "4Gi" }
  composer      = { users = var.composer_users }
  bigquery      = { readers = var.bigquery_readers }
  alerts        = { emails = var.alert_emails, budget = var.budget, slo = { availability_goal = 0.999 } }
  datadog       = var.datadog_site == null ? null : { site = var.datadog_site }
  deployers     = var.deployers
  github        = var.github
  kubernetes    = var.kubernetes

  secrets         = local.secrets
  secret_versions = var.secret_versions
}
