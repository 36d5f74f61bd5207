variable "project_id" {
  description = "Id of the project."
  type        = string
  nullable    = false
}

variable "services" {
  description = "APIs to turn on, such as run.googleapis.com."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for service in var.services : can(regex("^[a-z][a-z0-9-]*\\.googleapis\\.com$", service))])
    error_message = "An API is named in full: run.googleapis.com, not run."
  }
}

variable "disable_on_destroy" {
  description = "Whether destroying turns the APIs off. Off takes everything down that uses them, ours or not."
  type        = bool
  default     = false
  nullable    = false
}
