locals {
  prefix = "${var.name}-${var.environment}"

  # Ours win: costs are told apart by them.
  labels = merge(var.labels, {
    application = var.name
    environment = var.environment
    managed_by  = "terraform"
  })

  names = {
    network = local.prefix

    api     = "${local.prefix}-api"
    migrate = "${local.prefix}-migrate"
    admin   = "${local.prefix}-admin"

    functions = {
      load_orders      = "${local.prefix}-load-orders"
      reconcile_orders = "${local.prefix}-reconcile-orders"
      maintain_orders  = "${local.prefix}-maintain-orders"
    }

    accounts = {
      for account in ["api", "loader", "migrate", "orchestrator", "scheduler", "deploy", "build"] :
      account => "${local.prefix}-${account}"
    }

    instance = "${local.prefix}-postgres"
    database = var.name
    dataset  = "analytics"

    buckets = {
      for bucket in ["source", "sql", "snapshots"] :
      bucket => "${var.project_id}-${local.prefix}-${bucket}"
    }

    secrets = {
      jwt_keys        = "${local.prefix}-jwt-keys"
      admin_password  = "${local.prefix}-admin-password"
      datadog_api_key = "${local.prefix}-datadog-api-key"
    }

    repository    = local.prefix
    alerts        = "${local.prefix}-alerts"
    composer      = local.prefix
    load_balancer = local.prefix
    identity_pool = "${local.prefix}-deploy"

    workflows = {
      daily    = "${local.prefix}-daily"
      maintain = "${local.prefix}-maintain"
    }
  }
}
