variable "project_id" {
  description = "The project's id."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region of the Cloud Run service, such as `europe-west1`."
  type        = string
  nullable    = false
}

variable "name" {
  description = "What names of its parts begin with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]{0,40}[a-z0-9])?$", var.name))
    error_message = "name must be 1–42 lower-case letters, digits and hyphens, a letter first and no hyphen last: names of parts get endings, and may have 63."
  }
}

variable "service_name" {
  description = "The Cloud Run service behind it."
  type        = string
  nullable    = false
}

variable "domains" {
  description = "Host names that it answers to and has a certificate for; their A records must point to `ip_address`, or the certificate is not issued."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.domains) >= 1 && length(var.domains) <= 100
    error_message = "domains must be 1 to 100 host names: without one there is no certificate."
  }
  validation {
    condition     = alltrue([for domain in var.domains : can(regex("^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\\.)+[a-z][-a-z0-9]{0,61}[a-z0-9]$", domain))])
    error_message = "A domain must be a host name in lower case, such as api.example.com, without wildcard, scheme or dot at the end: Google's certificates take nothing else."
  }
  validation {
    condition     = length(distinct(var.domains)) == length(var.domains)
    error_message = "A domain stands in domains twice."
  }
}

variable "candidate_domain" {
  description = "A further host name, which leads to the revision with the tag `candidate`: deployments try it before it has traffic. null: none."
  type        = string
  default     = null

  validation {
    condition     = var.candidate_domain == null || can(regex("^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\\.)+[a-z][-a-z0-9]{0,61}[a-z0-9]$", var.candidate_domain))
    error_message = "candidate_domain must be a host name in lower case, such as candidate.api.example.com."
  }
  validation {
    condition     = alltrue([for domain in var.domains : domain != var.candidate_domain])
    error_message = "candidate_domain is one of domains, where everybody comes; take another name."
  }
}

variable "rate_limit" {
  description = "How many requests one address may send in how many seconds before it gets 429."
  type = object({
    requests   = optional(number, 6000)
    interval_s = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.rate_limit.requests >= 1 && var.rate_limit.requests <= 1000000
    error_message = "rate_limit.requests must be from 1 to 1000000."
  }
  validation {
    condition     = contains([10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600], var.rate_limit.interval_s)
    error_message = "rate_limit.interval_s must be one that Cloud Armor knows: 10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700 or 3600."
  }
}

variable "waf" {
  description = "Cloud Armor's preconfigured rules that requests are held against, how eagerly (1: surest hits only, to 4), and whether a hit is only logged (preview). Look at the log before you turn preview off. `cve-canary` (Log4j) always refuses."
  type = object({
    rules = optional(set(string), [
      "lfi-v33-stable", "protocolattack-v33-stable", "rce-v33-stable",
      "rfi-v33-stable", "scannerdetection-v33-stable", "sessionfixation-v33-stable", "sqli-v33-stable", "xss-v33-stable",
    ])
    sensitivity = optional(number, 1)
    preview     = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for rule in var.waf.rules : can(regex("^[a-z]+-v[0-9]{2,3}-(stable|canary)$", rule))])
    error_message = "A rule of waf.rules must be one of Cloud Armor's sets, such as sqli-v33-stable."
  }
  validation {
    condition     = contains([1, 2, 3, 4], var.waf.sensitivity)
    error_message = "waf.sensitivity must be 1, 2, 3 or 4."
  }
}

variable "log_sample_rate" {
  description = "What part of the requests is logged, 0 to 1."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.log_sample_rate >= 0 && var.log_sample_rate <= 1
    error_message = "log_sample_rate must be from 0 to 1."
  }
}

variable "labels" {
  description = "Labels of everything that has some."
  type        = map(string)
  default     = {}
  nullable    = false
}
