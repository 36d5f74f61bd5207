variable "project_id" {
  description = "Project that the network is made in."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the subnet: the one that the workloads run in."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the network and of its subnet; what else is made begins with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][-a-z0-9]{0,48}[a-z0-9]$", var.name))
    error_message = "name is 2 to 50 lower-case letters, digits and hyphens, begins with a letter and ends with a letter or digit (names derived from it must stay within 63)."
  }
}

variable "subnet_cidr" {
  description = "Addresses of the subnet. Cloud Run with direct VPC egress takes up to four an instance, so /26 is the smallest that Google allows."
  type        = string
  default     = "10.10.0.0/24"
  nullable    = false

  validation {
    condition     = try(cidrhost(var.subnet_cidr, 0) == split("/", var.subnet_cidr)[0], false) && can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)", var.subnet_cidr))
    error_message = "subnet_cidr is a range of private IPv4 addresses (10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16), named by its first address, such as 10.10.0.0/24."
  }

  validation {
    condition     = try(tonumber(split("/", var.subnet_cidr)[1]), 0) <= 26
    error_message = "subnet_cidr is too small: direct VPC egress of Cloud Run needs /26 or larger (a number of at most 26 after the slash)."
  }
}

variable "database_access" {
  description = "How workloads reach Cloud SQL: psa (private services access: a peering and a range of addresses, made here) or psc (Private Service Connect: an endpoint, made by the module cloud-sql). Not to be changed later: the instance would be replaced."
  type        = string
  default     = "psa"
  nullable    = false

  validation {
    condition     = contains(["psa", "psc"], var.database_access)
    error_message = "database_access is psa (private services access) or psc (Private Service Connect)."
  }
}

variable "run_app_address" {
  description = "Private address, outside of the subnet, at which an endpoint answers for run.app within the network; null: none. Composer needs it to call functions with internal ingress; Cloud Workflows does not."
  type        = string
  default     = null

  validation {
    condition     = var.run_app_address == null || can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)", var.run_app_address)) && can(cidrhost("${var.run_app_address}/32", 0))
    error_message = "run_app_address is one private IPv4 address (of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16), such as 10.11.0.2."
  }
}

variable "services_prefix_length" {
  description = "Size of the range kept for Google's services (psa only), as a prefix length. Cloud SQL takes a /24 a region."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.services_prefix_length >= 16 && var.services_prefix_length <= 24
    error_message = "services_prefix_length is 16 to 24: Cloud SQL takes a /24 of it in each region."
  }
}

variable "flow_log_sampling" {
  description = "Share of the flows that is logged, above 0 up to 1. Lower it when the logs cost too much."
  type        = number
  default     = 0.5
  nullable    = false

  validation {
    condition     = var.flow_log_sampling > 0 && var.flow_log_sampling <= 1
    error_message = "flow_log_sampling is above 0 and at most 1: flow logs are always on."
  }
}

variable "labels" {
  description = "Labels of what can have them (the addresses and the DNS zone)."
  type        = map(string)
  default     = {}
  nullable    = false
}
