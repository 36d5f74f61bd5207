# Each run makes other values up, and writes one only when its number in secret_versions changes.
# They are in no plan and no state: Secret Manager alone has them.

ephemeral "random_password" "jwt_key" {
  length  = 48
  special = false
}

ephemeral "random_password" "admin_password" {
  length  = 24
  special = false
}

ephemeral "google_secret_manager_secret_version" "jwt_keys" {
  count   = var.secret_versions.jwt_keys > 1 ? 1 : 0
  project = var.project_id
  secret  = module.stack.jwt_keys_secret
}

locals {
  jwt_key = "v${var.secret_versions.jwt_keys}:${ephemeral.random_password.jwt_key.result}"
  # The key that signed until now is still taken, so nobody is logged out.
  jwt_keys = join(",", concat(
    [local.jwt_key],
    [for before in ephemeral.google_secret_manager_secret_version.jwt_keys : split(",", before.secret_data)[0]],
  ))

  secrets = {
    jwt_keys        = local.jwt_keys
    admin_password  = ephemeral.random_password.admin_password.result
    datadog_api_key = var.datadog_api_key
  }
}
