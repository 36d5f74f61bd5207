locals {
  night_env = merge(local.bigquery_env, {
    TALLY_FUNCTION_URL  = module.function["load_orders"].url
    TALLY_RECONCILE_URL = module.function["reconcile_orders"].url
    TALLY_MAINTAIN_URL  = module.function["maintain_orders"].url
  })
  workflow_sources = "${path.module}/../../../dags/workflows"
}

module "sql_bucket" {
  source        = "../storage"
  count         = local.scheduler ? 1 : 0
  project_id    = local.project_id
  name          = local.names.buckets.sql
  location      = var.region
  readers       = { orchestrator = local.members.orchestrator }
  writers       = { deploy = local.members.deploy }
  force_destroy = !var.deletion_protection
  labels        = local.labels
}

module "workflows" {
  source                  = "../scheduler-workflow"
  count                   = local.scheduler ? 1 : 0
  project_id              = local.project_id
  region                  = var.region
  env                     = merge(local.night_env, { TALLY_SQL_BUCKET = module.sql_bucket[0].name })
  service_account_email   = local.emails.orchestrator
  scheduler_account_email = local.emails.scheduler
  deletion_protection     = var.deletion_protection
  labels                  = local.labels

  sources = {
    daily = {
      name        = local.names.workflows.daily
      source      = file("${local.workflow_sources}/daily.yaml")
      schedule    = "0 2 * * *"
      description = "Loads, publishes, checks and reconciles the day that ended last"
    }
    maintain = {
      name        = local.names.workflows.maintain
      source      = file("${local.workflow_sources}/maintain.yaml")
      schedule    = "30 3 * * *"
      description = "Housekeeping"
    }
  }
}

module "snapshots_bucket" {
  source            = "../storage"
  count             = local.composer && var.composer.snapshots ? 1 : 0
  project_id        = local.project_id
  name              = local.names.buckets.snapshots
  location          = var.region
  delete_after_days = 30
  writers           = { orchestrator = local.members.orchestrator }
  force_destroy     = !var.deletion_protection
  labels            = local.labels
}

module "composer" {
  source                = "../composer"
  count                 = local.composer ? 1 : 0
  project_id            = local.project_id
  region                = var.region
  name                  = local.names.composer
  service_account_email = local.emails.orchestrator
  network_id            = module.network.network_id
  subnetwork_id         = module.network.subnetwork_id
  environment_size      = var.composer.environment_size
  image_version         = var.composer.image_version
  high_resilience       = var.composer.high_resilience
  env                   = local.night_env
  dag_writers           = { deploy = local.members.deploy }
  users                 = var.composer.users
  snapshots             = var.composer.snapshots ? { location = "${module.snapshots_bucket[0].url}/airflow" } : null
  labels                = local.labels
}
