variable "project_id" {
  description = "The project's id."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region, such as `europe-west1`."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The service's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$", var.name))
    error_message = "name must be 1–49 lower-case letters, digits and hyphens, a letter first and no hyphen last: it is part of the host name."
  }
}

variable "image" {
  description = "The image of the first deployment, a placeholder; later ones belong to Cloud Build, and Terraform leaves them alone."
  type        = string
  nullable    = false
}

variable "service_account_email" {
  description = "The service account that it runs as, by its e-mail. Google's default one, an editor of the project, is refused."
  type        = string
  nullable    = false

  validation {
    condition     = !endswith(var.service_account_email, "-compute@developer.gserviceaccount.com")
    error_message = "service_account_email is the project's default account, which may do nearly everything; make one for this workload."
  }
}

variable "env" {
  description = "Environment variables, none of them a secret: these show in every plan."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.env), ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"])) == 0
    error_message = "Google sets PORT, K_SERVICE, K_REVISION, K_CONFIGURATION itself and refuses them in env; leave them out."
  }
  validation {
    condition     = alltrue([for key in keys(var.env) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", key))])
    error_message = "A key of env must be letters, digits and underscores, no digit first."
  }
}

variable "secret_env" {
  description = "Environment variables that come from Secret Manager: name => the secret's short id and the number of its version. Not `latest`: all instances shall hold the same, and going back shall bring the old one back."
  type = map(object({
    secret  = string
    version = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.secret_env), keys(var.env))) == 0
    error_message = "A name stands in env and in secret_env; keep one of them."
  }
  validation {
    condition     = alltrue([for secret in values(var.secret_env) : can(regex("^[0-9]+$", secret.version))])
    error_message = "A version in secret_env must be a number, such as \"1\"; `latest` is refused."
  }
}

variable "cpu" {
  description = "CPUs of an instance: 1, 2, 4 or 8."
  type        = string
  default     = "1"
  nullable    = false

  validation {
    condition     = contains(["1", "2", "4", "8"], var.cpu)
    error_message = "cpu must be 1, 2, 4 or 8."
  }
}

variable "memory" {
  description = "Memory of an instance, 512Mi to 32Gi; /tmp is part of it. More than 4Gi needs more CPUs."
  type        = string
  default     = "1Gi"
  nullable    = false

  validation {
    condition = can(regex("^[1-9][0-9]*(Mi|Gi)$", var.memory)) && try(
      tonumber(regex("^[0-9]+", var.memory)) * (endswith(var.memory, "Gi") ? 1024 : 1) >= 512, false
    )
    error_message = "memory must be a number of Mi or Gi, such as 512Mi or 2Gi, and 512Mi at least: Python with its libraries takes half of 512Mi, and /tmp counts as memory."
  }
  validation {
    condition = try(alltrue([
      for mib in [tonumber(regex("^[0-9]+", var.memory)) * (endswith(var.memory, "Gi") ? 1024 : 1)] :
      mib >= lookup({ "4" = 2048, "8" = 4096 }, var.cpu, 0) && mib <= lookup({ "1" = 4096, "2" = 8192, "4" = 16384 }, var.cpu, 32768)
    ]), true)
    error_message = "Google does not give so many CPUs this memory: 1 takes up to 4Gi, 2 up to 8Gi, 4 from 2Gi to 16Gi, 8 from 4Gi to 32Gi."
  }
}

variable "min_instances" {
  description = "How many instances wait for requests at all times; they cost money idle."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.min_instances >= 0 && var.min_instances <= 1000 && floor(var.min_instances) == var.min_instances
    error_message = "min_instances must be a whole number from 0 to 1000."
  }
}

variable "max_instances" {
  description = "The most instances of all revisions together. Each holds connections to Postgres."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 1000 && floor(var.max_instances) == var.max_instances
    error_message = "max_instances must be a whole number from 1 to 1000."
  }
}

variable "concurrency" {
  description = "How many requests an instance is sent at once."
  type        = number
  default     = 200
  nullable    = false

  validation {
    condition     = var.concurrency >= 1 && var.concurrency <= 1000 && floor(var.concurrency) == var.concurrency
    error_message = "concurrency must be a whole number from 1 to 1000."
  }
}

variable "timeout_s" {
  description = "Seconds after which a request is broken off. The event feed streams for up to an hour; the application limits the rest itself."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.timeout_s >= 1 && var.timeout_s <= 3600 && floor(var.timeout_s) == var.timeout_s
    error_message = "timeout_s must be a whole number from 1 to 3600."
  }
}

variable "cpu_always" {
  description = "Whether instances have CPU between requests too, and are billed for it."
  type        = bool
  default     = false
  nullable    = false
}

variable "probes" {
  description = "Paths that Cloud Run asks: whether the application has started, whether it lives, and whether it should be sent requests (null: it always is)."
  type = object({
    startup   = optional(string, "/health/startup")
    liveness  = optional(string, "/health/live")
    readiness = optional(string, "/health/ready")
  })
  default  = {}
  nullable = false
}

variable "vpc" {
  description = "Network and subnetwork (ids) that calls to private addresses go through; null: none."
  type = object({
    network    = string
    subnetwork = string
  })
  default = null
}

variable "ingress" {
  description = "Where requests may come from: `all`, `internal` (this project's networks), or `internal-and-load-balancer`."
  type        = string
  default     = "internal"
  nullable    = false

  validation {
    condition     = contains(["all", "internal", "internal-and-load-balancer"], var.ingress)
    error_message = "ingress must be all, internal or internal-and-load-balancer."
  }
}

variable "public" {
  description = "Whether anybody may call it without Google's leave; the application must then ask for credentials itself. The reason is a sentence for who reviews this."
  type = object({
    enabled = optional(bool, false)
    reason  = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.public.enabled || length(split(" ", trimspace(var.public.reason))) >= 3
    error_message = "public.enabled lets the whole internet call the service; say why in public.reason, in a sentence."
  }
}

variable "invokers" {
  description = "Who may call it (roles/run.invoker): a key that stays the same => member (`serviceAccount:…`, `group:…`)."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.invokers) : can(regex("^(serviceAccount|user|group|domain|principal|principalSet):.+", member))])
    error_message = "A member of invokers is `serviceAccount:…`, `user:…`, `group:…`, `domain:…`, `principal:…` or `principalSet:…`; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "developers" {
  description = "Who may deploy it (roles/run.developer): a key that stays the same => member (`serviceAccount:…`, `group:…`)."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.developers) : can(regex("^(serviceAccount|user|group|domain|principal|principalSet):.+", member))])
    error_message = "A member of developers is `serviceAccount:…`, `user:…`, `group:…`, `domain:…`, `principal:…` or `principalSet:…`; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "binary_authorization" {
  description = "Whether only images that the project's Binary Authorization policy allows may run."
  type        = bool
  default     = false
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete or replace it."
  type        = bool
  default     = true
  nullable    = false
}

variable "datadog" {
  description = "Datadog's agent beside the application: its image, Datadog's site, and the API key's secret (short id, number of the version). null: none."
  type = object({
    image = optional(string, "datadog/serverless-init:1")
    site  = optional(string, "datadoghq.com")
    api_key = object({
      secret  = string
      version = string
    })
  })
  default = null

  validation {
    condition     = var.datadog == null || can(regex("^[0-9]+$", var.datadog.api_key.version))
    error_message = "datadog.api_key.version must be a number, such as \"1\"; `latest` is refused."
  }
}

variable "labels" {
  description = "Labels of everything that has some."
  type        = map(string)
  default     = {}
  nullable    = false
}
