variable "project_id" {
  description = "Project that the account is made in."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "First part of the account's e-mail address."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{4,28}[a-z0-9]$", var.account_id))
    error_message = "account_id is 6 to 30 lower-case letters, digits and hyphens, begins with a letter and ends with a letter or digit."
  }
}

variable "display_name" {
  description = "What the account is for, as the console shows it."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.display_name) > 0 && length(var.display_name) <= 100
    error_message = "display_name is 1 to 100 characters."
  }
}

variable "project_roles" {
  description = "Roles on the whole project: only those that Google cannot grant on a resource (such as roles/cloudsql.client, roles/bigquery.jobUser)."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for role in var.project_roles : can(regex("^(roles/|(projects|organizations)/[^/]+/roles/)[A-Za-z0-9_.]+$", role))])
    error_message = "Each of project_roles is a whole role name, such as roles/cloudsql.client or projects/PROJECT/roles/NAME."
  }

  validation {
    condition     = length(setintersection(var.project_roles, ["roles/owner", "roles/editor", "roles/viewer", "roles/browser"])) == 0
    error_message = "project_roles holds a basic role (owner, editor, viewer, browser): name the predefined roles that the workload needs instead."
  }

  validation {
    condition = length(setintersection(var.project_roles, [
      "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountKeyAdmin", "roles/iam.serviceAccountOpenIdTokenCreator",
      "roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser", "roles/iam.workloadIdentityUser",
      "roles/iam.securityAdmin", "roles/resourcemanager.projectIamAdmin",
    ])) == 0
    error_message = "project_roles holds a role that lets the account act as every service account of the project, or grant itself that: grant it on one account, by that account's users or token_creators."
  }
}

variable "users" {
  description = "Who may attach the account to a workload (roles/iam.serviceAccountUser on it): a name of your choice → member."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.users) : can(regex("^(user|group|serviceAccount|principal|principalSet):", member))])
    error_message = "Each of users is a member such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "token_creators" {
  description = "Who may make tokens of the account (roles/iam.serviceAccountTokenCreator on it): a name of your choice → member."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.token_creators) : can(regex("^(user|group|serviceAccount|principal|principalSet):", member))])
    error_message = "Each of token_creators is a member such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com; allUsers and allAuthenticatedUsers are refused."
  }
}
