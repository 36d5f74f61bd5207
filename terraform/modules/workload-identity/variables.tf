variable "project_id" {
  description = "Project that the pool is made in."
  type        = string
  nullable    = false
}

variable "pool_id" {
  description = "Id of the pool, and of its one provider. An id of a deleted pool cannot be used again for about 30 days."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]{4,32}$", var.pool_id)) && !startswith(var.pool_id, "gcp-")
    error_message = "pool_id is 4 to 32 lower-case letters, digits and hyphens, and does not begin with gcp-, which Google keeps for itself."
  }
}

variable "github" {
  description = "The repository whose workflows may act as service_account (its full name, projects/…/serviceAccounts/…), or null for none. repository_id and repository_owner_id are GitHub's numbers, as strings of digits; ref is the branch or tag whose workflows are let in; events are what may have started them."
  type = object({
    repository_id       = string
    repository_owner_id = string
    service_account     = string
    ref                 = optional(string, "refs/heads/main")
    events              = optional(set(string), ["push", "workflow_dispatch"])
  })
  default = null

  validation {
    condition     = var.github == null || can(regex("^[1-9][0-9]*$", var.github.repository_id))
    error_message = "github.repository_id is the repository's number, not its name: a name can be given up and taken by somebody else. gh api repos/OWNER/NAME --jq .id prints it."
  }

  validation {
    condition     = var.github == null || can(regex("^[1-9][0-9]*$", var.github.repository_owner_id))
    error_message = "github.repository_owner_id is the owner's number, not its name: a name can be given up and taken by somebody else. gh api repos/OWNER/NAME --jq .owner.id prints it."
  }

  validation {
    condition     = var.github == null || can(regex("^projects/[^/]+/serviceAccounts/[^/]+$", var.github.service_account))
    error_message = "github.service_account is the account's full name, projects/PROJECT/serviceAccounts/EMAIL: the output name of the module service-account."
  }

  validation {
    condition     = var.github == null || can(regex("^refs/(heads|tags)/[A-Za-z0-9._/-]+$", var.github.ref))
    error_message = "github.ref is one whole ref, such as refs/heads/main: no pattern, no bare name of a branch."
  }

  validation {
    condition = var.github == null || try(
      length(var.github.events) > 0 && alltrue([for event in var.github.events : can(regex("^[a-z_]+$", event)) && !startswith(event, "pull_request")]), false
    )
    error_message = "github.events is not empty, and has none of the pull_request events: they run with what a stranger proposes."
  }
}

variable "kubernetes" {
  description = "The Kubernetes service account on GKE (namespace and service_account, its name there) that may act as google_service_account (its full name, projects/…/serviceAccounts/…), or null for none. project_id is the cluster's project, where it is not this one."
  type = object({
    namespace              = string
    service_account        = string
    google_service_account = string
    project_id             = optional(string)
  })
  default = null

  validation {
    condition = var.kubernetes == null || (
      can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", var.kubernetes.namespace)) &&
      can(regex("^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$", var.kubernetes.service_account))
    )
    error_message = "kubernetes.namespace and kubernetes.service_account are names in the cluster: lower-case letters, digits and hyphens; no pattern."
  }

  validation {
    condition     = var.kubernetes == null || can(regex("^projects/[^/]+/serviceAccounts/[^/]+$", var.kubernetes.google_service_account))
    error_message = "kubernetes.google_service_account is the account's full name, projects/PROJECT/serviceAccounts/EMAIL: the output name of the module service-account."
  }
}
