variable "project_id" {
  description = "Project that the repository is made in."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the repository: the one that the images run in."
  type        = string
  nullable    = false
}

variable "repository_id" {
  description = "Name of the repository."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", var.repository_id))
    error_message = "repository_id is 1 to 63 lower-case letters, digits and hyphens, begins with a letter and ends with a letter or digit."
  }
}

variable "writers" {
  description = "Who may push and pull images (roles/artifactregistry.writer on the repository): a name of your choice → member."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.writers) : can(regex("^(user|group|serviceAccount|principal|principalSet):", member))])
    error_message = "Each of writers is a member such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "readers" {
  description = "Who may pull images (roles/artifactregistry.reader on the repository): a name of your choice → member. Cloud Run pulls as its own service agent, which may read every repository of its project."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.readers) : can(regex("^(user|group|serviceAccount|principal|principalSet):", member))])
    error_message = "Each of readers is a member such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "vulnerability_scanning" {
  description = "Whether pushed images are scanned, where the API containerscanning.googleapis.com is on (Google charges for each image)."
  type        = bool
  default     = true
  nullable    = false
}

variable "immutable_tags" {
  description = "Whether a tag, once pushed, can never be moved. Off, since the build cache is a tag that each build moves."
  type        = bool
  default     = false
  nullable    = false
}

variable "kept_versions" {
  description = "Newest versions of each image that are kept, however old."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.kept_versions >= 5 && floor(var.kept_versions) == var.kept_versions
    error_message = "kept_versions is a whole number of at least 5: a rollback needs the versions before the present one."
  }
}

variable "delete_after_days" {
  description = "Age in days from which versions beyond kept_versions are deleted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.delete_after_days >= 1 && floor(var.delete_after_days) == var.delete_after_days
    error_message = "delete_after_days is a whole number of at least 1."
  }
}

variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
  default     = {}
  nullable    = false
}
