locals {
  principal_set = var.github == null ? null : "principalSet://iam.googleapis.com/${one(google_iam_workload_identity_pool.github[*].name)}/attribute.repository_id/${var.github.repository_id}"
}

resource "google_iam_workload_identity_pool" "github" {
  count = var.github == null ? 0 : 1

  project                   = var.project_id
  workload_identity_pool_id = var.pool_id
  display_name              = "GitHub Actions"
  description               = "Workflows of one repository, by its number"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  #checkov:skip=CKV_GCP_125:It asks for assertion.sub, which holds names, and a name can be given up and taken by somebody else; the condition asks for both numbers, the ref and the event instead
  count = var.github == null ? 0 : 1

  project                            = var.project_id
  workload_identity_pool_id          = one(google_iam_workload_identity_pool.github[*].workload_identity_pool_id)
  workload_identity_pool_provider_id = var.pool_id
  display_name                       = "GitHub Actions"

  attribute_mapping = {
    "google.subject"                = "assertion.sub"
    "attribute.repository_id"       = "assertion.repository_id"
    "attribute.repository_owner_id" = "assertion.repository_owner_id"
    "attribute.ref"                 = "assertion.ref"
  }

  attribute_condition = join(" && ", [
    "assertion.repository_id == '${var.github.repository_id}'",
    "assertion.repository_owner_id == '${var.github.repository_owner_id}'",
    "assertion.ref == '${var.github.ref}'",
    "assertion.event_name in [${join(", ", [for event in sort(var.github.events) : "'${event}'"])}]",
  ])

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "github" {
  count = var.github == null ? 0 : 1

  service_account_id = var.github.service_account
  role               = "roles/iam.workloadIdentityUser"
  member             = local.principal_set
}

resource "google_service_account_iam_member" "kubernetes" {
  count = var.kubernetes == null ? 0 : 1

  service_account_id = var.kubernetes.google_service_account
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${coalesce(var.kubernetes.project_id, var.project_id)}.svc.id.goog[${var.kubernetes.namespace}/${var.kubernetes.service_account}]"
}
