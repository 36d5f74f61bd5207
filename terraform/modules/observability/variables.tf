variable "project_id" {
  description = "The project that is watched."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Its number. Google's accounts for notifications and the budget's filter are named by it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "project_number is \"${var.project_number}\"; it is the number, not the id: gcloud projects describe PROJECT --format 'value(projectNumber)'."
  }
}

variable "prefix" {
  description = "What all names and ids here begin with, like tally-prod."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.prefix))
    error_message = "prefix is \"${var.prefix}\"; it must be 2 to 32 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "The region of the API's service."
  type        = string
  nullable    = false
}

variable "service_name" {
  description = "The Cloud Run service of the API."
  type        = string
  nullable    = false
}

variable "slo" {
  description = "The objectives: shares of requests that are answered without an error (availability_goal) and within latency_threshold_ms (latency_goal), over rolling_days."
  type = object({
    availability_goal    = optional(number, 0.995)
    latency_goal         = optional(number, 0.95)
    latency_threshold_ms = optional(number, 500)
    rolling_days         = optional(number, 28)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for goal in [var.slo.availability_goal, var.slo.latency_goal] : goal >= 0.94 && goal <= 0.999])
    error_message = "slo goals must be from 0.94 to 0.999: Cloud Monitoring takes no more, and with less the budget cannot burn 14.4 times too fast, so the fast alert could never fire. Write 99.5 % as 0.995."
  }

  validation {
    condition     = var.slo.latency_threshold_ms >= 1 && var.slo.latency_threshold_ms <= 60000
    error_message = "slo.latency_threshold_ms must be from 1 to 60000 milliseconds."
  }

  validation {
    condition     = var.slo.rolling_days >= 1 && var.slo.rolling_days <= 30 && floor(var.slo.rolling_days) == var.slo.rolling_days
    error_message = "slo.rolling_days must be a whole number from 1 to 30; 28 has as many weekends in every window."
  }
}

variable "uptime" {
  description = "What Google's probes ask over HTTPS from around the world, and a text that the answer must contain. null where the internet does not reach the service. Each probe keeps an instance warm; every 900 s costs least."
  type = object({
    host     = string
    path     = optional(string, "/health/ready")
    content  = optional(string, "\"status\":\"ok\"")
    period_s = optional(number, 300)
  })
  default = null

  validation {
    condition     = var.uptime == null || try(startswith(var.uptime.path, "/"), false)
    error_message = "uptime.path must begin with a slash, like /health/ready."
  }

  validation {
    condition     = var.uptime == null || try(!strcontains(var.uptime.host, "/") && length(var.uptime.host) > 0, false)
    error_message = "uptime.host is a host name, without https:// and without a path."
  }

  validation {
    condition     = var.uptime == null || try(contains([60, 300, 600, 900], var.uptime.period_s), false)
    error_message = "uptime.period_s must be 60, 300, 600 or 900 seconds: Cloud Monitoring has no others."
  }
}

variable "database" {
  description = "The Cloud SQL instance that is watched, and how many connections it takes. null: none."
  type = object({
    instance_name   = string
    max_connections = optional(number, 100)
  })
  default = null

  validation {
    condition     = var.database == null || try(!strcontains(var.database.instance_name, ":"), false)
    error_message = "database.instance_name is the instance's short name, not project:region:name."
  }
}

variable "functions" {
  description = "The Cloud Run services of the functions whose failures are reported: a key of your own to the name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "daily_function" {
  description = "The key in functions of the one that ends a nightly run when all is proven (reconcile_orders). An alert fires when it has not answered 2xx for 26 hours, whatever calls it. null: no such alert."
  type        = string
  default     = null

  validation {
    condition     = var.daily_function == null || try(contains(keys(var.functions), var.daily_function), false)
    error_message = "daily_function must be a key of functions."
  }
}

variable "workflow_names" {
  description = "The workflows whose failures are reported: a key of your own to the name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "composer_environment" {
  description = "The Composer environment whose failed DAG runs are reported. null: none."
  type        = string
  default     = null
}

variable "notification_emails" {
  description = "Who is mailed: a key of your own to the address. Budgets take five at most."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for email in values(var.notification_emails) : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "notification_emails has a value that is no e-mail address."
  }

  validation {
    condition     = length(var.notification_emails) <= 5
    error_message = "notification_emails has more than five addresses, which is what a budget takes. Use a group's address."
  }
}

variable "pubsub_topic_id" {
  description = "The topic that alerts and the budget are published to: projects/PROJECT/topics/TOPIC. The publisher of alerts gets its role on it here."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^projects/[^/]+/topics/[^/]+$", var.pubsub_topic_id))
    error_message = "pubsub_topic_id must be like projects/PROJECT/topics/TOPIC."
  }
}

variable "budget" {
  description = "What a month may cost in the billing account's currency, before the mails at 50, 90 and 100 % and when 100 % is forecast. It stops nothing. null: none."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string)
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "budget.billing_account must be like 012345-6789AB-CDEF01: gcloud billing accounts list."
  }

  validation {
    condition     = var.budget == null || try(var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "budget.amount must be a whole number of at least 1, in units of the currency."
  }
}

variable "labels" {
  description = "Labels of the SLOs, policies, channels and checks."
  type        = map(string)
  default     = {}
  nullable    = false
}
