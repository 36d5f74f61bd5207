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
  description = "The function's name, and so its service's."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]{0,47}[a-z0-9])?$", var.name))
    error_message = "name must be 1–49 lower-case letters, digits and hyphens, a letter first and no hyphen last: with anything else its Cloud Run service has another name than it has."
  }
}

variable "entry_point" {
  description = "The Python function in main.py that answers."
  type        = string
  nullable    = false
}

variable "runtime" {
  description = "The language and its version."
  type        = string
  default     = "python313"
  nullable    = false

  validation {
    condition     = contains(["python311", "python312", "python313"], var.runtime)
    error_message = "runtime must be python311, python312 or python313: the code is tested with these."
  }
}

variable "source_archive" {
  description = "Bucket and object of the first deployment's archive; later ones belong to Cloud Build, and Terraform leaves them alone."
  type = object({
    bucket = string
    object = string
  })
  nullable = false

  validation {
    condition     = endswith(var.source_archive.object, ".zip")
    error_message = "source_archive.object must be a .zip."
  }
}

variable "build_service_account" {
  description = "The service account that builds it, as projects/PROJECT/serviceAccounts/EMAIL (a google_service_account's id)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^projects/[^/]+/serviceAccounts/[^/]+$", var.build_service_account))
    error_message = "build_service_account must be projects/PROJECT/serviceAccounts/EMAIL, not the e-mail alone."
  }
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
    condition     = length(setintersection(keys(var.env), ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"])) == 0
    error_message = "Google sets PORT, K_SERVICE, K_REVISION, K_CONFIGURATION, FUNCTION_TARGET, FUNCTION_SIGNATURE_TYPE itself and refuses them in env; leave them out."
  }
  validation {
    condition     = alltrue([for key in keys(var.env) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", key)) && !startswith(key, "X_GOOGLE_")])
    error_message = "A key of env must be letters, digits and underscores, no digit first, and not begin with X_GOOGLE_, which Google keeps for itself."
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

variable "timeout_s" {
  description = "Seconds after which a request is broken off."
  type        = number
  default     = 540
  nullable    = false

  validation {
    condition     = var.timeout_s >= 1 && var.timeout_s <= 3600 && floor(var.timeout_s) == var.timeout_s
    error_message = "timeout_s must be a whole number from 1 to 3600."
  }
}

variable "max_instances" {
  description = "The most instances."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 100 && floor(var.max_instances) == var.max_instances
    error_message = "max_instances must be a whole number from 1 to 100."
  }
}

variable "concurrency" {
  description = "How many requests an instance is sent at once."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.concurrency >= 1 && var.concurrency <= 1000 && floor(var.concurrency) == var.concurrency
    error_message = "concurrency must be a whole number from 1 to 1000."
  }
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
  description = "Where requests may come from: `internal` (this project's networks, Workflows, Scheduler) or `all`."
  type        = string
  default     = "internal"
  nullable    = false

  validation {
    condition     = contains(["internal", "all"], var.ingress)
    error_message = "ingress must be internal or all."
  }
}

variable "invokers" {
  description = "Who may call it (roles/run.invoker on its service): a key that stays the same => member (`serviceAccount:…`, `group:…`)."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.invokers) : can(regex("^(serviceAccount|user|group|domain|principal|principalSet):.+", member))])
    error_message = "A member of invokers is `serviceAccount:…`, `user:…`, `group:…`, `domain:…`, `principal:…` or `principalSet:…`; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "developers" {
  description = "Who may deploy it (roles/cloudfunctions.developer): a key that stays the same => member (`serviceAccount:…`, `group:…`)."
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

variable "labels" {
  description = "Labels of everything that has some."
  type        = map(string)
  default     = {}
  nullable    = false
}
