locals {
  # Cloud Run answers to these names from the start; that of service.uri is made up when it is made.
  run_host       = "${local.names.api}-${data.google_project.this.number}.${var.region}.run.app"
  domains        = var.load_balancer == null ? [] : var.load_balancer.domains
  api_host       = var.load_balancer == null ? local.run_host : local.domains[0]
  candidate_host = var.load_balancer == null ? "candidate---${local.run_host}" : "candidate.${local.api_host}"

  api_settings_made_here = [
    "ALLOWED_HOSTS", "AUTH", "BIGQUERY_DATASET", "BIGQUERY_LOCATION", "BIGQUERY_PROJECT", "DB_IP_TYPE",
    "DB_NAME", "DB_USER", "DD_ENV", "DD_METRICS_ENABLED", "DD_SERVICE", "GOOGLE_AUDIENCE",
    "GOOGLE_CLOUD_PROJECT", "INSTANCE_CONNECTION_NAME", "PROXIES", "SERVICE_ACCOUNTS",
  ]

  api_env = merge(
    var.api.settings,
    local.database_env,
    local.bigquery_env,
    {
      DB_USER              = module.cloud_sql.db_users.api
      ALLOWED_HOSTS        = join(",", concat(local.domains, [local.run_host, local.candidate_host]))
      AUTH                 = "required"
      GOOGLE_AUDIENCE      = "https://${local.api_host}"
      GOOGLE_CLOUD_PROJECT = var.project_id
      # What is in front appends to X-Forwarded-For: Google's front end, and the load balancer.
      PROXIES          = var.load_balancer == null ? "1" : "2"
      SERVICE_ACCOUNTS = jsonencode(var.api.service_accounts)
    },
    var.datadog == null ? {} : {
      DD_METRICS_ENABLED = "true"
      DD_ENV             = var.environment
      DD_SERVICE         = local.names.api
    },
  )
}

module "api" {
  source                = "../cloud-run"
  project_id            = local.project_id
  region                = var.region
  name                  = local.names.api
  image                 = var.placeholder_image
  service_account_email = local.emails.api
  env                   = local.api_env
  secret_env            = { JWT_KEYS = { secret = module.jwt_keys.secret_id, version = module.jwt_keys.version } }
  cpu                   = var.api.cpu
  memory                = var.api.memory
  min_instances         = var.api.min_instances
  max_instances         = var.api.max_instances
  concurrency           = var.api.concurrency
  cpu_always            = var.api.cpu_always
  vpc                   = local.vpc
  ingress               = var.load_balancer == null ? "all" : "internal-and-load-balancer"
  public                = var.public
  # A deployment tries its candidate before anybody else is sent there.
  invokers             = merge(var.api.invokers, { deploy = local.members.deploy })
  developers           = { deploy = local.members.deploy }
  binary_authorization = var.supply_chain.binary_authorization
  deletion_protection  = var.deletion_protection
  labels               = local.labels

  datadog = var.datadog == null ? null : {
    site    = var.datadog.site
    api_key = { secret = module.datadog_api_key[0].secret_id, version = module.datadog_api_key[0].version }
  }
}

module "load_balancer" {
  source       = "../load-balancer"
  count        = var.load_balancer == null ? 0 : 1
  project_id   = local.project_id
  region       = var.region
  name         = local.names.load_balancer
  domains      = local.domains
  service_name = module.api.name
  # Cloud Build is outside the network, and Cloud Run's own address is closed to it then.
  candidate_domain = local.candidate_host
  rate_limit       = { requests = var.load_balancer.requests_per_minute, interval_s = 60 }
  waf              = { preview = var.load_balancer.waf_preview }
  labels           = local.labels
}
