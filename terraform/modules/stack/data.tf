module "cloud_sql" {
  source                 = "../cloud-sql"
  project_id             = local.project_id
  region                 = var.region
  name                   = local.names.instance
  database               = local.names.database
  edition                = var.database.edition
  tier                   = var.database.tier
  availability           = var.database.availability
  disk_gb                = var.database.disk_gb
  database_access        = var.network.database_access
  network_id             = module.network.network_id
  subnetwork_id          = module.network.subnetwork_id
  private_services_ready = module.network.private_services_ready
  backups_kept           = var.database.backups_kept
  point_in_time_recovery = var.database.point_in_time_recovery
  transaction_log_days   = var.database.transaction_log_days
  database_flags         = { max_connections = tostring(var.database.max_connections) }
  deletion_protection    = var.deletion_protection
  labels                 = local.labels

  iam_users = {
    api    = { email = local.emails.api }
    loader = { email = local.emails.loader }
    # It makes roles and tables.
    migrate = { email = local.emails.migrate, roles = ["cloudsqlsuperuser"] }
  }
}

module "bigquery" {
  source              = "../bigquery"
  project_id          = local.project_id
  location            = local.bigquery_location
  dataset_id          = local.names.dataset
  stage_days          = var.bigquery.stage_days
  readers             = merge(var.bigquery.readers, { api = local.members.api })
  editors             = { loader = local.members.loader, orchestrator = local.members.orchestrator }
  deletion_protection = var.deletion_protection
  labels              = local.labels
}

locals {
  bigquery_location = coalesce(var.bigquery.location, var.region)

  database_env = {
    INSTANCE_CONNECTION_NAME = module.cloud_sql.connection_name
    DB_NAME                  = module.cloud_sql.database
    DB_IP_TYPE               = module.cloud_sql.ip_type
  }

  bigquery_env = {
    BIGQUERY_PROJECT  = var.project_id
    BIGQUERY_DATASET  = module.bigquery.dataset_id
    BIGQUERY_LOCATION = local.bigquery_location
  }
}

module "jwt_keys" {
  source              = "../secret-manager"
  project_id          = local.project_id
  secret_id           = local.names.secrets.jwt_keys
  value               = var.secrets.jwt_keys
  value_version       = var.secret_versions.jwt_keys
  accessors           = { api = local.members.api }
  deletion_protection = var.deletion_protection
  labels              = local.labels
}

module "admin_password" {
  source              = "../secret-manager"
  project_id          = local.project_id
  secret_id           = local.names.secrets.admin_password
  value               = var.secrets.admin_password
  value_version       = var.secret_versions.admin_password
  accessors           = { api = local.members.api }
  deletion_protection = var.deletion_protection
  labels              = local.labels
}

module "datadog_api_key" {
  source              = "../secret-manager"
  count               = var.datadog == null ? 0 : 1
  project_id          = local.project_id
  secret_id           = local.names.secrets.datadog_api_key
  value               = var.secrets.datadog_api_key
  value_version       = var.secret_versions.datadog_api_key
  accessors           = { api = local.members.api }
  deletion_protection = var.deletion_protection
  labels              = local.labels
}
