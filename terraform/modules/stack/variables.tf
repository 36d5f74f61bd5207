variable "project_id" {
  description = "Id of the project, which is this environment's alone."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of all that has one, such as europe-west1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is a region such as europe-west1: neither a zone (europe-west1-b) nor a multi-region (EU)."
  }
}

variable "environment" {
  description = "Which environment this is; prod is held to more."
  type        = string
  nullable    = false
}

variable "labels" {
  description = "Labels beside our own, for everything that takes labels."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether Terraform and Google refuse to delete what holds data or answers requests. To tear down: apply false, then destroy."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = var.environment != "prod" || var.deletion_protection
    error_message = "environment prod keeps deletion_protection on; terraform/README.md says how to tear it down."
  }
}

variable "placeholder_image" {
  description = "Image of the service and the jobs until the first build deploys ours."
  type        = string
  default     = "gcr.io/cloudrun/hello"
  nullable    = false
}

variable "supply_chain" {
  description = "Whether only images that the project's Binary Authorization policy allows may run, and whether pushed images are scanned (Google charges for each)."
  type = object({
    binary_authorization   = optional(bool, false)
    vulnerability_scanning = optional(bool, true)
  })
  default  = {}
  nullable = false
}

variable "network" {
  description = "Addresses of the subnet; how workloads reach Cloud SQL, psa (a peering) or psc (an endpoint); and, with Composer, an address outside of the subnet at which it reaches the functions."
  type = object({
    subnet_cidr     = optional(string, "10.10.0.0/24")
    run_app_address = optional(string, "10.10.1.2")
    database_access = optional(string, "psa")
  })
  default  = {}
  nullable = false
}

variable "database" {
  description = "The Cloud SQL instance: edition, machine, availability, disk (GB), how far back it can be restored (days), and its connections."
  type = object({
    edition                = optional(string, "ENTERPRISE")
    tier                   = optional(string, "db-custom-2-7680")
    availability           = optional(string, "REGIONAL")
    disk_gb                = optional(number, 10)
    backups_kept           = optional(number, 14)
    point_in_time_recovery = optional(bool, true)
    transaction_log_days   = optional(number, 7)
    max_connections        = optional(number, 200)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.environment != "prod" || var.database.availability == "REGIONAL"
    error_message = "environment prod needs database.availability REGIONAL: a zone that fails must not take the orders along."
  }
  validation {
    condition     = var.environment != "prod" || var.database.point_in_time_recovery
    error_message = "environment prod needs database.point_in_time_recovery: a daily backup alone loses up to a day of orders."
  }
}

variable "api" {
  description = "The API: machine of an instance, how many there are, further settings (docs/operations.md), what each service account may do (e-mail to role), and who may call it where it is not public."
  type = object({
    cpu              = optional(string, "1")
    memory           = optional(string, "1Gi")
    min_instances    = optional(number, 0)
    max_instances    = optional(number, 10)
    concurrency      = optional(number, 200)
    cpu_always       = optional(bool, false)
    settings         = optional(map(string), {})
    service_accounts = optional(map(string), {})
    invokers         = optional(map(string), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.api.settings), local.api_settings_made_here)) == 0
    error_message = "api.settings names what this module sets itself: ${join(", ", sort(local.api_settings_made_here))}. Leave those out."
  }
  validation {
    condition     = length(setintersection(keys(var.api.settings), ["DATABASE_URL", "JWT_KEYS", "RATE_LIMIT_STORAGE", "BIGQUERY_EMULATOR_HOST"])) == 0
    error_message = "api.settings shows in every plan: DATABASE_URL, JWT_KEYS and RATE_LIMIT_STORAGE are secrets, BIGQUERY_EMULATOR_HOST is for laptops."
  }
  validation {
    # A pool for reads and single changes, two sets of writers, one that listens; and ten for functions,
    # jobs, people and Cloud SQL itself.
    condition = 10 + var.api.max_instances * (
      tonumber(lookup(var.api.settings, "DB_POOL_SIZE", "5")) + 2 * tonumber(lookup(var.api.settings, "WRITER_CONNECTIONS", "1")) + 1
    ) <= var.database.max_connections
    error_message = "api.max_instances with the connections of each (8 by default), and 10 for functions, jobs and people, are more than database.max_connections. Allow fewer instances, lower DB_POOL_SIZE in api.settings, or take a larger database."
  }
  validation {
    condition     = alltrue([for role in values(var.api.service_accounts) : contains(["viewer", "clerk", "manager", "admin"], role)])
    error_message = "A role of api.service_accounts is viewer, clerk, manager or admin."
  }
}

variable "public" {
  description = "Whether anybody may call the API without Google's leave; it asks for credentials itself. The reason is a sentence for who reviews this."
  type = object({
    enabled = optional(bool, false)
    reason  = optional(string, "")
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.public.enabled || length(split(" ", trimspace(var.public.reason))) >= 3
    error_message = "public.enabled lets the whole internet call the API; say why in public.reason, in a sentence."
  }
}

variable "load_balancer" {
  description = "HTTPS load balancer with Cloud Armor and a certificate for these domains, in place of run.app; null: none. Requests of one address a minute, and whether hits of the firewall's rules are only logged."
  type = object({
    domains             = list(string)
    requests_per_minute = optional(number, 6000)
    waf_preview         = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.load_balancer == null || var.public.enabled
    error_message = "load_balancer hands requests on without Google's leave: it needs public.enabled."
  }
}

variable "functions" {
  description = "The first archive of the functions' source, made by .cloudbuild/function_archive.py; later ones belong to Cloud Build. Machine of load_orders and reconcile_orders, and further settings."
  type = object({
    archive  = string
    cpu      = optional(string, "1")
    memory   = optional(string, "1Gi")
    settings = optional(map(string), {})
  })
  nullable = false
}

variable "bigquery" {
  description = "Where the data lies (null: the region; it cannot be changed later), days that staged rows are kept, and who may read (a key of your own to a member)."
  type = object({
    location   = optional(string)
    stage_days = optional(number, 7)
    readers    = optional(map(string), {})
  })
  default  = {}
  nullable = false
}

variable "orchestrator" {
  description = "What runs the nights: scheduler (Cloud Scheduler and Workflows, cents a month) or composer (Airflow, hundreds of dollars)."
  type        = string
  default     = "scheduler"
  nullable    = false

  validation {
    condition     = contains(["scheduler", "composer"], var.orchestrator)
    error_message = "orchestrator is scheduler or composer."
  }
}

variable "composer" {
  description = "With orchestrator composer: size, image, whether Airflow runs in two zones, whether the environment is saved once a day, and who may open its pages."
  type = object({
    environment_size = optional(string, "ENVIRONMENT_SIZE_SMALL")
    image_version    = optional(string, "composer-3-airflow-3.1")
    high_resilience  = optional(bool, false)
    snapshots        = optional(bool, true)
    users            = optional(map(string), {})
  })
  default  = {}
  nullable = false
}

variable "deployers" {
  description = "Who may submit builds, beside GitHub: a key of your own to a member."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "github" {
  description = "The repository whose workflow may deploy, by numeric ids, and the ref that it must run on; null: none."
  type = object({
    repository_id       = string
    repository_owner_id = string
    ref                 = optional(string, "refs/heads/main")
  })
  default = null
}

variable "kubernetes" {
  description = "The Kubernetes service account that may act as the orchestrator, for Airflow on GKE; null: none."
  type = object({
    namespace       = string
    service_account = string
  })
  default = null
}

variable "alerts" {
  description = "Who is mailed (a key of your own to the address), the objectives, and the month's budget in the billing account's currency (null: none)."
  type = object({
    emails = optional(map(string), {})
    slo = optional(object({
      availability_goal    = optional(number, 0.995)
      latency_goal         = optional(number, 0.95)
      latency_threshold_ms = optional(number, 500)
    }), {})
    budget = optional(object({
      billing_account = string
      amount          = number
      currency        = optional(string)
    }))
  })
  default  = {}
  nullable = false
}

variable "datadog" {
  description = "Datadog's site, to which an agent beside the API sends its metrics; null: none."
  type = object({
    site = optional(string, "datadoghq.com")
  })
  default = null
}

variable "secrets" {
  description = "Values of the secrets: they go to Secret Manager and into no state, plan or output. A value is written when its number in secret_versions changes."
  type = object({
    jwt_keys        = string
    admin_password  = string
    datadog_api_key = optional(string)
  })
  ephemeral = true
  sensitive = true
  nullable  = false

  validation {
    condition     = can(regex("^[^:,\\s]+:[^:,\\s]{32,}(,[^:,\\s]+:[^:,\\s]{32,})?$", var.secrets.jwt_keys))
    error_message = "secrets.jwt_keys is name:secret, or new:secret,old:secret; a secret has 32 characters at least."
  }
  validation {
    condition     = length(var.secrets.admin_password) >= 15
    error_message = "secrets.admin_password has 15 characters at least, as the API asks."
  }
  validation {
    condition     = var.datadog == null || var.secrets.datadog_api_key != null
    error_message = "datadog needs secrets.datadog_api_key."
  }
}

variable "secret_versions" {
  description = "A number for each secret's present value. Raise it by one to write a new value."
  type = object({
    jwt_keys        = optional(number, 1)
    admin_password  = optional(number, 1)
    datadog_api_key = optional(number, 1)
  })
  default  = {}
  nullable = false
}
