variable "project_id" {
  description = "The project's id."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The bucket's name, which nobody else in the world may have."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][-_a-z0-9]{1,61}[a-z0-9]$", var.name))
    error_message = "name must be 3–63 lower-case letters, digits, hyphens and underscores, with a letter or digit at both ends."
  }
  validation {
    condition     = !startswith(var.name, "goog") && !can(regex("g[o0]{2}gle", var.name))
    error_message = "name must neither begin with goog nor hold google: Cloud Storage refuses it."
  }
}

variable "location" {
  description = "A region such as `europe-west1`, or `EU`, `US`, `ASIA`."
  type        = string
  nullable    = false
}

variable "versioning" {
  description = "Whether what is overwritten or deleted stays as an older version, for `noncurrent_days`."
  type        = bool
  default     = true
  nullable    = false
}

variable "noncurrent_days" {
  description = "Days after which older versions are deleted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1 && var.noncurrent_days <= 3650 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number from 1 to 3650."
  }
}

variable "delete_after_days" {
  description = "Days after which objects are deleted; null: never."
  type        = number
  default     = null

  validation {
    condition     = var.delete_after_days == null || coalesce(var.delete_after_days, 0) >= 1
    error_message = "delete_after_days must be 1 or more, or null to keep objects."
  }
}

variable "soft_delete_days" {
  description = "Days for which what was deleted can be restored, 7 to 90; 0: not at all."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.soft_delete_days == 0 || (var.soft_delete_days >= 7 && var.soft_delete_days <= 90)
    error_message = "soft_delete_days must be 0 or from 7 to 90."
  }
}

variable "force_destroy" {
  description = "Whether Terraform may delete the bucket with what is in it."
  type        = bool
  default     = false
  nullable    = false
}

variable "readers" {
  description = "Who may read objects (roles/storage.objectViewer): a key that stays the same => member (`serviceAccount:…`, `group:…`)."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.readers) : can(regex("^(serviceAccount|user|group|domain|principal|principalSet):.+", member))])
    error_message = "A member of readers is `serviceAccount:…`, `user:…`, `group:…`, `domain:…`, `principal:…` or `principalSet:…`; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "writers" {
  description = "Who may read, write and delete objects (roles/storage.objectAdmin): a key that stays the same => member (`serviceAccount:…`, `group:…`)."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.writers) : can(regex("^(serviceAccount|user|group|domain|principal|principalSet):.+", member))])
    error_message = "A member of writers is `serviceAccount:…`, `user:…`, `group:…`, `domain:…`, `principal:…` or `principalSet:…`; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "labels" {
  description = "Labels of everything that has some."
  type        = map(string)
  default     = {}
  nullable    = false
}
