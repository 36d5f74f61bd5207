variable "project_id" {
  description = "The project of the environment."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region of the environment."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The environment's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "name is \"${var.name}\"; Composer takes lower-case letters, digits and hyphens, at most 63, beginning with a letter."
  }
}

variable "service_account_email" {
  description = "The account that runs the DAGs. It needs roles/composer.worker on the project before the environment is made, and it cannot be changed later."
  type        = string
  nullable    = false
}

variable "network_id" {
  description = "The VPC network that the tasks are attached to."
  type        = string
  nullable    = false
}

variable "subnetwork_id" {
  description = "The subnetwork of that network, in the same region."
  type        = string
  nullable    = false
}

variable "environment_size" {
  description = "The size of Airflow's database and scheduler: ENVIRONMENT_SIZE_SMALL, _MEDIUM or _LARGE."
  type        = string
  default     = "ENVIRONMENT_SIZE_SMALL"
  nullable    = false

  validation {
    condition     = contains(["ENVIRONMENT_SIZE_SMALL", "ENVIRONMENT_SIZE_MEDIUM", "ENVIRONMENT_SIZE_LARGE"], var.environment_size)
    error_message = "environment_size must be ENVIRONMENT_SIZE_SMALL, ENVIRONMENT_SIZE_MEDIUM or ENVIRONMENT_SIZE_LARGE."
  }
}

variable "high_resilience" {
  description = "Whether Airflow runs in two zones. It costs about twice as much."
  type        = bool
  default     = false
  nullable    = false
}

variable "image_version" {
  description = "Composer 3 with the line of Airflow: composer-3-airflow-3.1, or with a patch and a build."
  type        = string
  default     = "composer-3-airflow-3.1"
  nullable    = false

  validation {
    condition     = can(regex("^composer-3-airflow-(2\\.11|3\\.[1-9][0-9]*)(\\.[0-9]+(-build\\.[0-9]+)?)?$", var.image_version))
    error_message = "image_version is \"${var.image_version}\"; it must be Composer 3 with an Airflow that the DAGs are tested with (2.11, or 3.1 and later), like composer-3-airflow-3.1 or composer-3-airflow-3.1.0-build.2."
  }
}

variable "env" {
  description = "Environment variables of the tasks: TALLY_FUNCTION_URL, TALLY_RECONCILE_URL, TALLY_MAINTAIN_URL, BIGQUERY_PROJECT, BIGQUERY_DATASET, BIGQUERY_LOCATION. No secrets: whoever sees the environment sees them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.env) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name)) && !startswith(name, "AIRFLOW__")])
    error_message = "env has a name that Composer refuses. A name has letters, digits and underscores; what begins with AIRFLOW__ belongs into airflow_config, as section-property."
  }

  validation {
    condition = length(setintersection(keys(var.env), [
      "AIRFLOW_HOME", "C_FORCE_ROOT", "CONTAINER_NAME", "DAGS_FOLDER", "GCP_PROJECT", "GCS_BUCKET",
      "GKE_CLUSTER_NAME", "GOOGLE_APPLICATION_CREDENTIALS", "PATH", "PORT", "SQL_DATABASE", "SQL_INSTANCE",
      "SQL_PASSWORD", "SQL_PROJECT", "SQL_REGION", "SQL_USER",
    ])) == 0
    error_message = "env has a name that Composer keeps for itself, such as GCP_PROJECT, PORT or SQL_USER. Take another name."
  }
}

variable "pypi_packages" {
  description = "Python packages beside Composer's own: name in lower case to version specifier with extras (\"\" for any)."
  type        = map(string)
  default     = { apache-airflow-providers-datadog = "" }
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.pypi_packages) : name == lower(name)])
    error_message = "pypi_packages has a name with capitals; Composer takes lower case only."
  }
}

variable "private_builds_only" {
  description = "Whether images with pypi_packages are built without the internet. The packages must then come from a repository in the VPC."
  type        = bool
  default     = false
  nullable    = false
}

variable "airflow_config" {
  description = "Airflow's configuration, section-property to value. DAGs are not paused when they first appear, so that the nightly run needs no click."
  type        = map(string)
  default     = { core-dags_are_paused_at_creation = "False" }
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.airflow_config) : can(regex("^[a-z0-9_]+-[a-z0-9_]+$", key))])
    error_message = "airflow_config has a key that is not section-property, like core-dags_are_paused_at_creation."
  }
}

variable "workers" {
  description = "CPUs and memory (GB) of a worker, and how many there are at least and at most. null: what the environment's size gives."
  type = object({
    cpu       = optional(number, 0.5)
    memory_gb = optional(number, 2)
    min_count = optional(number, 1)
    max_count = optional(number, 3)
  })
  default = null

  validation {
    condition     = var.workers == null || try(var.workers.min_count >= 1 && var.workers.min_count <= var.workers.max_count, false)
    error_message = "workers.min_count must be at least 1 and at most workers.max_count."
  }
}

variable "retention_days" {
  description = "Days that the history of runs and tasks is kept in Airflow's database, 30 to 730."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 730
    error_message = "retention_days must be from 30 to 730, which is what Composer takes."
  }
}

variable "maintenance" {
  description = "When Google may replace parts of the environment: the first window's start and end (RFC 3339, UTC) and its recurrence (RRULE). At least 12 hours a week, away from the nightly runs at 02:00 and 03:30 UTC."
  type = object({
    start_time = optional(string, "2026-01-03T08:00:00Z")
    end_time   = optional(string, "2026-01-03T14:00:00Z")
    recurrence = optional(string, "FREQ=WEEKLY;BYDAY=SA,SU")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^FREQ=(DAILY|WEEKLY;BYDAY=(SU|MO|TU|WE|TH|FR|SA)(,(SU|MO|TU|WE|TH|FR|SA))*)$", var.maintenance.recurrence))
    error_message = "maintenance.recurrence must be FREQ=DAILY or FREQ=WEEKLY;BYDAY=SA,SU with the days of your choice."
  }

  validation {
    condition     = try(timecmp(var.maintenance.start_time, var.maintenance.end_time) < 0, false)
    error_message = "maintenance.start_time and end_time must be times like 2026-01-03T08:00:00Z, the end after the start."
  }

  validation {
    condition = try(timecmp(
      timeadd(var.maintenance.start_time, "${ceil(720 / (startswith(var.maintenance.recurrence, "FREQ=DAILY") ? 7 : length(split(",", var.maintenance.recurrence))))}m"),
      var.maintenance.end_time,
    ) <= 0, false)
    error_message = "maintenance has less than 12 hours a week, which is what Composer needs. Make the window longer or add days."
  }
}

variable "snapshots" {
  description = "Scheduled snapshots of the environment: a folder of a bucket, as its URL, and a cron schedule in UTC. null: none, the environment is made anew from Git."
  type = object({
    location = string
    schedule = optional(string, "0 6 * * *")
  })
  default = null

  validation {
    condition     = var.snapshots == null || can(regex("^gs://[a-z0-9][a-z0-9._-]+/.+", var.snapshots.location))
    error_message = "snapshots.location must be a folder of a bucket, like gs://bucket/snapshots."
  }
}

variable "airflow_ui_ranges" {
  description = "Who may reach Airflow's pages: a description to a CIDR range. null: any address; Google still asks for an account with roles/composer.user."
  type        = map(string)
  default     = null

  validation {
    condition     = var.airflow_ui_ranges == null || try(alltrue([for range in values(var.airflow_ui_ranges) : cidrhost(range, 0) == split("/", range)[0]]), false)
    error_message = "airflow_ui_ranges has a value that is no CIDR range by its first address, like 203.0.113.0/24."
  }
}

variable "dag_writers" {
  description = "Who may replace the DAGs: roles/storage.objectAdmin on the environment's bucket. A key of your own for each member."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(values(var.dag_writers), ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "dag_writers must not hold allUsers or allAuthenticatedUsers: whoever writes a DAG runs code. Name a service account."
  }
}

variable "users" {
  description = "Who may open Airflow's pages and trigger runs: roles/composer.user on the project, the finest there is."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(values(var.users), ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "users must not hold allUsers or allAuthenticatedUsers. Name a group: group:data@example.com."
  }
}

variable "labels" {
  description = "Labels of the environment."
  type        = map(string)
  default     = {}
  nullable    = false
}
