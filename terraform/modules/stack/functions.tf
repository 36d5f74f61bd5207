locals {
  functions = {
    load_orders      = { timeout_s = 3600, cpu = var.functions.cpu, memory = var.functions.memory }
    reconcile_orders = { timeout_s = 3600, cpu = var.functions.cpu, memory = var.functions.memory }
    maintain_orders  = { timeout_s = 540, cpu = "1", memory = "512Mi" }
  }

  function_env = merge(var.functions.settings, local.database_env, local.bigquery_env, {
    DB_USER              = module.cloud_sql.db_users.loader
    GOOGLE_CLOUD_PROJECT = var.project_id
  })
}

module "source_bucket" {
  source        = "../storage"
  project_id    = local.project_id
  name          = local.names.buckets.source
  location      = var.region
  writers       = merge(var.deployers, { deploy = local.members.deploy })
  force_destroy = !var.deletion_protection
  labels        = local.labels
}

resource "google_storage_bucket_object" "first_archive" {
  bucket = module.source_bucket.name
  name   = "functions/first.zip"
  source = var.functions.archive

  lifecycle {
    # Cloud Build uploads the next ones; the file need not be there any more.
    ignore_changes = [source, detect_md5hash]
  }
}

module "function" {
  source   = "../cloud-function"
  for_each = local.functions

  project_id            = local.project_id
  region                = var.region
  name                  = local.names.functions[each.key]
  entry_point           = each.key
  source_archive        = { bucket = module.source_bucket.name, object = google_storage_bucket_object.first_archive.name }
  build_service_account = module.service_account["build"].id
  service_account_email = local.emails.loader
  env                   = local.function_env
  cpu                   = each.value.cpu
  memory                = each.value.memory
  timeout_s             = each.value.timeout_s
  vpc                   = local.vpc
  invokers              = { orchestrator = local.members.orchestrator }
  developers            = { deploy = local.members.deploy }
  binary_authorization  = var.supply_chain.binary_authorization
  labels                = local.labels
}
