variable "project_id" {
  description = "Project that the instance is made in."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the instance: the one that the workloads run in."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the instance. A deleted instance's name cannot be used again for a week."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{0,57}[a-z0-9]$", var.name))
    error_message = "name is 2 to 59 lower-case letters, digits and hyphens, begins with a letter and ends with a letter or digit."
  }
}

variable "database" {
  description = "Name of the one database in the instance."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database)) && !contains(["postgres", "template0", "template1", "cloudsqladmin"], var.database)
    error_message = "database is 1 to 63 lower-case letters, digits and underscores, does not begin with a digit, and is none of Postgres's or Cloud SQL's own."
  }
}

variable "edition" {
  description = "Cloud SQL edition: ENTERPRISE, or ENTERPRISE_PLUS for 99.99 %, 35 days of point-in-time recovery and maintenance within a second."
  type        = string
  default     = "ENTERPRISE"
  nullable    = false

  validation {
    condition     = contains(["ENTERPRISE", "ENTERPRISE_PLUS"], var.edition)
    error_message = "edition is ENTERPRISE or ENTERPRISE_PLUS."
  }
}

variable "tier" {
  description = "Machine: db-f1-micro or db-g1-small (shared core, outside the SLA), db-custom-CPUS-MEMORY_MB, or, in ENTERPRISE_PLUS, db-perf-optimized-N-CPUS."
  type        = string
  default     = "db-custom-2-7680"
  nullable    = false

  validation {
    condition     = can(regex("^(db-f1-micro|db-g1-small|db-custom-[0-9]+-[0-9]+|db-perf-optimized-N-[0-9]+)$", var.tier))
    error_message = "tier is db-f1-micro, db-g1-small, db-custom-CPUS-MEMORY_MB (such as db-custom-2-7680) or db-perf-optimized-N-CPUS (such as db-perf-optimized-N-2); other machines need another kind of disk than this module's."
  }

  validation {
    condition = !startswith(var.tier, "db-custom-") || try(anytrue([
      for parts in [split("-", var.tier)] : alltrue([
        parts[2] == "1" || (tonumber(parts[2]) % 2 == 0 && tonumber(parts[2]) <= 96),
        tonumber(parts[3]) % 256 == 0,
        tonumber(parts[3]) >= max(3840, tonumber(parts[2]) * 0.9 * 1024),
        tonumber(parts[3]) <= tonumber(parts[2]) * 6.5 * 1024,
      ])
    ]), false)
    error_message = "tier db-custom-CPUS-MEMORY_MB: 1 CPU or an even number up to 96; memory in steps of 256 MB, from 3840 MB on, and 0.9 to 6.5 GB a CPU."
  }
}

variable "availability" {
  description = "REGIONAL (a standby in a second zone, failover by itself) or ZONAL."
  type        = string
  default     = "REGIONAL"
  nullable    = false

  validation {
    condition     = contains(["REGIONAL", "ZONAL"], var.availability)
    error_message = "availability is REGIONAL or ZONAL."
  }
}

variable "disk_gb" {
  description = "Size of the disk at least, in GB. It grows by itself; a larger number grows it at once, a smaller one changes nothing."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.disk_gb >= 10 && floor(var.disk_gb) == var.disk_gb
    error_message = "disk_gb is a whole number of at least 10."
  }
}

variable "disk_limit_gb" {
  description = "Size in GB up to which the disk grows by itself; 0 for no limit. A full disk stops the database, a limit stops the bill: watch database/disk/utilization."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.disk_limit_gb == 0 || var.disk_limit_gb >= var.disk_gb
    error_message = "disk_limit_gb is 0 (no limit) or at least disk_gb."
  }
}

variable "database_access" {
  description = "How workloads reach the instance: psa (private services access, by the network's peering) or psc (Private Service Connect: the endpoint and its DNS record are made here). Not to be changed later: the instance would be replaced."
  type        = string
  default     = "psa"
  nullable    = false

  validation {
    condition     = contains(["psa", "psc"], var.database_access)
    error_message = "database_access is psa (private services access) or psc (Private Service Connect)."
  }
}

variable "network_id" {
  description = "Network that the instance is reached from (projects/…/global/networks/…)."
  type        = string
  nullable    = false
}

variable "subnetwork_id" {
  description = "Subnet that the endpoint gets its address from (psc only; projects/…/regions/…/subnetworks/…)."
  type        = string
  nullable    = false
}

variable "private_services_ready" {
  description = "Output of the module network (psa only): the instance is made after the connection that it names."
  type        = string
  default     = ""
  nullable    = false
}

variable "backups_kept" {
  description = "Daily backups that are kept; 0 for no backups."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.backups_kept >= 0 && var.backups_kept <= 365 && floor(var.backups_kept) == var.backups_kept
    error_message = "backups_kept is a whole number from 0 to 365."
  }
}

variable "backup_start_time" {
  description = "Hour (UTC) in which the daily backup starts, as HH:MM. By default after the nightly pipeline."
  type        = string
  default     = "05:00"
  nullable    = false

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup_start_time))
    error_message = "backup_start_time is a time of the day as HH:MM, such as 05:00."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the transaction log is kept, so that the database can be restored to any moment."
  type        = bool
  default     = true
  nullable    = false
}

variable "transaction_log_days" {
  description = "Days that point-in-time recovery reaches back: 1 to 7, in ENTERPRISE_PLUS 1 to 35."
  type        = number
  default     = 7
  nullable    = false
}

variable "maintenance" {
  description = "Weekly hour (UTC) for Google's updates: day 1 (Monday) to 7, hour 0 to 23, track canary, stable or week5 (1, 2 or 5 weeks after the notice)."
  type = object({
    day   = optional(number, 7)
    hour  = optional(number, 6)
    track = optional(string, "stable")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(range(1, 8), var.maintenance.day) && contains(range(0, 24), var.maintenance.hour)
    error_message = "maintenance.day is 1 (Monday) to 7 (Sunday), maintenance.hour 0 to 23 (UTC)."
  }

  validation {
    condition     = contains(["canary", "stable", "week5"], var.maintenance.track)
    error_message = "maintenance.track is canary, stable or week5."
  }
}

variable "insights" {
  description = "Query Insights: the slowest queries with their plans (plans_per_minute, 0 to 20), by the application tags in their comments."
  type = object({
    enabled          = optional(bool, true)
    plans_per_minute = optional(number, 5)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.insights.plans_per_minute >= 0 && var.insights.plans_per_minute <= 20
    error_message = "insights.plans_per_minute is 0 to 20."
  }
}

variable "database_flags" {
  description = "Further Postgres settings (flag → value), such as max_connections, which is 25 by default on db-f1-micro and grows with the memory."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for flag in keys(var.database_flags) : !startswith(flag, "log_") && flag != "cloudsql.iam_authentication"])
    error_message = "database_flags sets IAM authentication or logging (log_…), which the module does itself: leave it out."
  }
}

variable "iam_users" {
  description = "Service accounts that are database users: a name of your choice → email, and the roles in the database that the user is given when it is made (such as cloudsqlsuperuser for migrations). There is no user with a password."
  type = map(object({
    email = string
    roles = optional(list(string), [])
  }))
  nullable = false

  validation {
    condition     = alltrue([for user in values(var.iam_users) : can(regex("^[^@:]+@[^@]+\\.gserviceaccount\\.com$", user.email))])
    error_message = "Each email of iam_users is that of a service account (NAME@PROJECT.iam.gserviceaccount.com), without a prefix such as serviceAccount:."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform and Google refuse to delete the instance. To delete it, apply false first."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels of the instance and, with psc, of the endpoint's address and DNS zone."
  type        = map(string)
  default     = {}
  nullable    = false
}
