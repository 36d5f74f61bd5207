output "prefix" {
  description = "What every name begins with: name-environment."
  value       = local.prefix
}

output "labels" {
  description = "Labels for everything that takes labels."
  value       = local.labels
}

output "names" {
  description = "The name of every resource that has one, by what it is."
  value       = local.names
}
