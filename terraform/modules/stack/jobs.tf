locals {
  migrate_env = merge(local.database_env, {
    DB_USER        = module.cloud_sql.db_users.migrate
    DB_API_USER    = module.cloud_sql.db_users.api
    DB_LOADER_USER = module.cloud_sql.db_users.loader
    # Making roles is a right of this role itself, which its members do not inherit.
    DB_MIGRATE_ROLE = "cloudsqlsuperuser"
  })
  admin_env = merge(local.database_env, { DB_USER = module.cloud_sql.db_users.api })
}

module "migrate" {
  source                = "../cloud-run-job"
  project_id            = local.project_id
  region                = var.region
  name                  = local.names.migrate
  image                 = var.placeholder_image
  command               = ["python", "-m", "orders.migrate"]
  service_account_email = local.emails.migrate
  env                   = local.migrate_env
  timeout_s             = 1800
  vpc                   = local.vpc
  developers            = { deploy = local.members.deploy }
  binary_authorization  = var.supply_chain.binary_authorization
  deletion_protection   = var.deletion_protection
  labels                = local.labels
}

module "admin" {
  source                = "../cloud-run-job"
  project_id            = local.project_id
  region                = var.region
  name                  = local.names.admin
  image                 = var.placeholder_image
  command               = ["python", "-m", "orders_api.create_admin"]
  service_account_email = local.emails.api
  env                   = local.admin_env
  timeout_s             = 300
  vpc                   = local.vpc
  developers            = { deploy = local.members.deploy }
  binary_authorization  = var.supply_chain.binary_authorization
  deletion_protection   = var.deletion_protection
  labels                = local.labels

  secret_env = {
    ADMIN_PASSWORD = { secret = module.admin_password.secret_id, version = module.admin_password.version }
  }
}
