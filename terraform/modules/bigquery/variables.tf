variable "project_id" {
  description = "The project of the dataset."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Where the data lies: a multi-region (US, EU) or a region. It cannot be changed later."
  type        = string
  nullable    = false
}

variable "dataset_id" {
  description = "The dataset's id. The code reads it from BIGQUERY_DATASET."
  type        = string
  default     = "analytics"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset_id))
    error_message = "dataset_id is \"${var.dataset_id}\"; BigQuery takes letters, digits and underscores only. Write analytics_dev, not analytics-dev."
  }
}

variable "readers" {
  description = "Who may read the tables and views: a key of your own for each member, like api = \"serviceAccount:…\"."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(values(var.readers), ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "readers must not hold allUsers or allAuthenticatedUsers: that would publish every order. Name a group: group:analysts@example.com."
  }
}

variable "editors" {
  description = "Who may also write the rows and create tables: the function and the orchestrator."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(values(var.editors), ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "editors must not hold allUsers or allAuthenticatedUsers: anyone could change every figure. Name a service account."
  }
}

variable "owners" {
  description = "Who may also delete the dataset and grant access to it; usually nobody but Terraform."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(values(var.owners), ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "owners must not hold allUsers or allAuthenticatedUsers: anyone could delete the dataset. Name a group."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy the dataset and its tables. A change of a column that BigQuery cannot make in place would recreate the table, so keep it on."
  type        = bool
  default     = true
  nullable    = false
}

variable "stage_days" {
  description = "Days that staged rows are kept, in place of what schemas/orders_stage.json says (7)."
  type        = number
  default     = null

  validation {
    condition     = var.stage_days == null || try(var.stage_days >= 5 && floor(var.stage_days) == var.stage_days, false)
    error_message = "stage_days must be a whole number of at least 5: a load reuses rows that were staged two days ago, and housekeeping deletes them after four."
  }
}

variable "time_travel_hours" {
  description = "Hours for which a table can be read and restored as it was: 48 to 168, in whole days."
  type        = number
  default     = 168
  nullable    = false

  validation {
    condition     = contains([48, 72, 96, 120, 144, 168], var.time_travel_hours)
    error_message = "time_travel_hours must be 48, 72, 96, 120, 144 or 168: BigQuery takes whole days, two to seven."
  }
}

variable "labels" {
  description = "Labels of the dataset and of every table."
  type        = map(string)
  default     = {}
  nullable    = false
}
