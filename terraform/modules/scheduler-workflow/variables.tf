variable "project_id" {
  description = "The project of the workflows and jobs."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region of the workflows and jobs."
  type        = string
  nullable    = false
}

variable "sources" {
  description = "The workflows: a key of your own to the workflow's and job's name, the text of the YAML file, the cron schedule and a description."
  type = map(object({
    name        = string
    source      = string
    schedule    = string
    description = optional(string, "")
  }))
  nullable = false

  validation {
    condition     = alltrue([for it in values(var.sources) : can(regex("^[a-z]([a-z0-9_-]{0,62}[a-z0-9])?$", it.name))])
    error_message = "sources has a name that is none for a workflow: lower-case letters, digits, hyphens and underscores, at most 64, beginning with a letter."
  }

  validation {
    condition     = alltrue([for it in values(var.sources) : can(regex("^\\S+( \\S+){4}$", it.schedule))])
    error_message = "sources has a schedule that is no cron expression of five fields, like \"0 2 * * *\"."
  }

  validation {
    condition     = alltrue([for it in values(var.sources) : length(it.source) <= 131072 && strcontains(it.source, "main:")])
    error_message = "sources has a source that is no workflow: pass the text of the file, file(\"…/daily.yaml\"), not its path; at most 128 KB."
  }
}

variable "env" {
  description = "Environment variables of all the workflows; dags/workflows/README.md lists them. No secrets: whoever sees the workflow sees them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.env) <= 20
    error_message = "env has ${length(var.env)} variables; a workflow takes 20."
  }

  validation {
    condition     = alltrue([for name in keys(var.env) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name)) && !startswith(name, "GOOGLE") && !startswith(name, "WORKFLOWS")])
    error_message = "env has a name that Workflows refuses: letters, digits and underscores, and nothing that begins with GOOGLE or WORKFLOWS."
  }
}

variable "service_account_email" {
  description = "The account that the workflows run as."
  type        = string
  nullable    = false
}

variable "scheduler_account_email" {
  description = "The account that starts them. It gets roles/workflows.invoker on the project, since a workflow has no policy of its own."
  type        = string
  nullable    = false

  validation {
    condition     = var.scheduler_account_email != var.service_account_email
    error_message = "scheduler_account_email must not be the account that the workflows run as: who may only start them should be able to do nothing else."
  }
}

variable "time_zone" {
  description = "The time zone of the schedules. Tally's days are of UTC."
  type        = string
  default     = "UTC"
  nullable    = false
}

variable "paused" {
  description = "Whether the jobs are paused; the workflows can still be started by hand."
  type        = bool
  default     = false
  nullable    = false
}

variable "call_log_level" {
  description = "Which calls of the steps are logged: LOG_NONE, LOG_ERRORS_ONLY or LOG_ALL_CALLS."
  type        = string
  default     = "LOG_ERRORS_ONLY"
  nullable    = false

  validation {
    condition     = contains(["LOG_NONE", "LOG_ERRORS_ONLY", "LOG_ALL_CALLS"], var.call_log_level)
    error_message = "call_log_level must be LOG_NONE, LOG_ERRORS_ONLY or LOG_ALL_CALLS."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy the workflows."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels of the workflows."
  type        = map(string)
  default     = {}
  nullable    = false
}
