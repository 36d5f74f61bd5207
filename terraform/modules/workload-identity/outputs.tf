output "provider_name" {
  description = "Full name of the provider, for google-github-actions/auth (workload_identity_provider); null without github."
  value       = one(google_iam_workload_identity_pool_provider.github[*].name)
}

output "principal_set" {
  description = "The repository's workflows as a member, for grants on other resources; null without github."
  value       = local.principal_set
}
