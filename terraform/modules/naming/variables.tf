variable "name" {
  description = "What the system is called: the first part of every name."
  type        = string
  default     = "tally"
  nullable    = false

  validation {
    # With the longest thing, -orchestrator, a service account's id still has 30 characters at most.
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.name))
    error_message = "name has 2 to 10 small letters and digits and begins with a letter: it begins service accounts' ids, which have 30 characters at most."
  }
}

variable "environment" {
  description = "Which of the environments this is: the second part of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,5}$", var.environment))
    error_message = "environment has 2 to 6 small letters and digits and begins with a letter, such as dev, stage or prod."
  }
}

variable "project_id" {
  description = "Id of the project. Names of buckets begin with it, since they are unique in the world."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is the project's id, such as acme-orders-dev: neither its number nor its display name."
  }
}

variable "labels" {
  description = "Labels beside our own, for everything that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key, value in var.labels :
      can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "Keys and values of labels are small letters, digits, _ and -, at most 63 of them, and a key begins with a letter."
  }
}
