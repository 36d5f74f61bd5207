# Alerts and the budget are published here, for a pager or a chat to read.
module "alerts" {
  source         = "../pubsub"
  project_id     = local.project_id
  project_number = data.google_project.this.number
  name           = local.names.alerts
  subscription   = {}
  labels         = local.labels
}

module "observability" {
  source               = "../observability"
  project_id           = local.project_id
  project_number       = data.google_project.this.number
  prefix               = module.naming.prefix
  region               = var.region
  service_name         = module.api.name
  slo                  = var.alerts.slo
  uptime               = var.public.enabled ? { host = local.api_host } : null
  database             = { instance_name = module.cloud_sql.instance_name, max_connections = var.database.max_connections }
  functions            = { for key, function in module.function : key => function.service_name }
  daily_function       = "reconcile_orders"
  workflow_names       = local.scheduler ? module.workflows[0].workflow_names : {}
  composer_environment = local.composer ? module.composer[0].name : null
  notification_emails  = var.alerts.emails
  pubsub_topic_id      = module.alerts.topic_id
  budget               = var.alerts.budget
  labels               = local.labels
}
