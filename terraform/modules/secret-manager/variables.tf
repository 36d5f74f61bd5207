variable "project_id" {
  description = "Project that the secret is made in."
  type        = string
  nullable    = false
}

variable "secret_id" {
  description = "Name of the secret within the project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.secret_id))
    error_message = "secret_id is 1 to 255 letters, digits, hyphens and underscores."
  }
}

variable "value" {
  description = "The secret itself. It is sent to Secret Manager and is in no state, plan or output; it is written when value_version changes, and only then."
  type        = string
  ephemeral   = true
  sensitive   = true
  nullable    = false

  validation {
    condition     = length(var.value) > 0 && length(var.value) <= 65536
    error_message = "value is empty or longer than 64 KiB, which Secret Manager does not keep."
  }
}

variable "value_version" {
  description = "Number that stands for the present value: raise it by one to write a new version of the secret."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.value_version >= 1 && floor(var.value_version) == var.value_version
    error_message = "value_version is a whole number from 1 on."
  }
}

variable "accessors" {
  description = "Who may read the value (roles/secretmanager.secretAccessor on this secret): a name of your choice → member."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.accessors) : can(regex("^(user|group|serviceAccount|principal|principalSet):", member))])
    error_message = "Each of accessors is a member such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "replica_locations" {
  description = "Regions that the value may be kept in; none leaves it to Google (any region)."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "destroy_delay_days" {
  description = "Days for which a destroyed version can still be brought back."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.destroy_delay_days >= 1 && var.destroy_delay_days <= 1000
    error_message = "destroy_delay_days is 1 to 1000."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the secret. To delete it, apply false first."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels of the secret."
  type        = map(string)
  default     = {}
  nullable    = false
}
