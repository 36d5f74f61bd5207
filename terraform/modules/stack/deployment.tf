module "artifact_registry" {
  source                 = "../artifact-registry"
  project_id             = local.project_id
  region                 = var.region
  repository_id          = local.names.repository
  writers                = { deploy = local.members.deploy }
  vulnerability_scanning = var.supply_chain.vulnerability_scanning
  labels                 = local.labels
}

module "workload_identity" {
  source     = "../workload-identity"
  count      = var.github == null && var.kubernetes == null ? 0 : 1
  project_id = local.project_id
  pool_id    = local.names.identity_pool

  github = var.github == null ? null : {
    repository_id       = var.github.repository_id
    repository_owner_id = var.github.repository_owner_id
    service_account     = module.service_account["deploy"].name
    ref                 = var.github.ref
  }

  kubernetes = var.kubernetes == null ? null : {
    namespace              = var.kubernetes.namespace
    service_account        = var.kubernetes.service_account
    google_service_account = module.service_account["orchestrator"].name
  }
}

# The candidate of a service that is not public is asked with an id token of this account.
resource "google_service_account_iam_member" "deploy_makes_its_id_tokens" {
  service_account_id = module.service_account["deploy"].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = local.members.deploy
}

locals {
  # Whoever syncs a folder or stages a source reads the bucket itself, too.
  deployed_buckets = merge(
    { source = module.source_bucket.name },
    local.scheduler ? { sql = module.sql_bucket[0].name } : { dags = module.composer[0].bucket },
  )
}

resource "google_storage_bucket_iam_member" "deploy_sees" {
  for_each = local.deployed_buckets

  bucket = each.value
  role   = "roles/storage.legacyBucketReader"
  member = local.members.deploy
}

# People who submit a build stage its source, as writers of the bucket, and start it: gcloud calls
# Google on this project's account.
resource "google_storage_bucket_iam_member" "deployer_sees" {
  for_each = var.deployers

  bucket = module.source_bucket.name
  role   = "roles/storage.legacyBucketReader"
  member = each.value
}

resource "google_project_iam_member" "deployer_submits" {
  #checkov:skip=CKV_GCP_49:Builds are submitted to a project, there is nothing less to grant it on; whom a build runs as is granted on that account, above
  for_each = {
    for pair in setproduct(keys(var.deployers), ["cloudbuild.builds.editor", "serviceusage.serviceUsageConsumer"]) :
    "${pair[0]} ${pair[1]}" => { member = var.deployers[pair[0]], role = "roles/${pair[1]}" }
  }

  project = local.project_id
  role    = each.value.role
  member  = each.value.member
}
