variable "project_id" {
  description = "The project's id."
  type        = string
  nullable    = false
}

variable "name" {
  description = "The topic's name; the subscription and the dead letters' topic are named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][-A-Za-z0-9._~+%]{2,240}$", var.name))
    error_message = "name must be 3–241 letters, digits and -._~+%, a letter first."
  }
  validation {
    condition     = !startswith(var.name, "goog")
    error_message = "name must not begin with goog: Pub/Sub refuses it."
  }
}

variable "retention_days" {
  description = "Days for which the topic keeps what was published, to be read again, 1 to 31; null: it does not."
  type        = number
  default     = null

  validation {
    condition     = var.retention_days == null || (coalesce(var.retention_days, 0) >= 1 && coalesce(var.retention_days, 0) <= 31)
    error_message = "retention_days must be from 1 to 31, or null."
  }
}

variable "regions" {
  description = "Regions where messages may be stored; empty: any that the organization allows."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "subscription" {
  description = "A subscription to pull from: seconds to acknowledge a message (10–600), days that unread ones are kept (1–31), and after how many deliveries (5–100) one goes to the dead letters. null: none."
  type = object({
    ack_deadline_s        = optional(number, 60)
    retention_days        = optional(number, 7)
    max_delivery_attempts = optional(number, 5)
  })
  default = null

  validation {
    condition     = var.subscription == null || try(var.subscription.ack_deadline_s >= 10 && var.subscription.ack_deadline_s <= 600, false)
    error_message = "subscription.ack_deadline_s must be from 10 to 600."
  }
  validation {
    condition     = var.subscription == null || try(var.subscription.retention_days >= 1 && var.subscription.retention_days <= 31, false)
    error_message = "subscription.retention_days must be from 1 to 31."
  }
  validation {
    condition     = var.subscription == null || try(var.subscription.max_delivery_attempts >= 5 && var.subscription.max_delivery_attempts <= 100, false)
    error_message = "subscription.max_delivery_attempts must be from 5 to 100."
  }
}

variable "project_number" {
  description = "The project's number, for the name of Pub/Sub's own service account, which moves dead letters. Needed with a subscription."
  type        = string
  default     = null

  validation {
    condition     = var.subscription == null || var.project_number != null
    error_message = "A subscription has dead letters, and Pub/Sub's own account, which is named after the project's number, must be let move them; set project_number."
  }
}

variable "publishers" {
  description = "Who may publish (roles/pubsub.publisher): a key that stays the same => member (`serviceAccount:…`, `group:…`)."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.publishers) : can(regex("^(serviceAccount|user|group|domain|principal|principalSet):.+", member))])
    error_message = "A member of publishers is `serviceAccount:…`, `user:…`, `group:…`, `domain:…`, `principal:…` or `principalSet:…`; allUsers and allAuthenticatedUsers are refused."
  }
}

variable "subscribers" {
  description = "Who may read from the subscription and from the dead letters (roles/pubsub.subscriber): a key that stays the same => member (`serviceAccount:…`, `group:…`)."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.subscribers) : can(regex("^(serviceAccount|user|group|domain|principal|principalSet):.+", member))])
    error_message = "A member of subscribers is `serviceAccount:…`, `user:…`, `group:…`, `domain:…`, `principal:…` or `principalSet:…`; allUsers and allAuthenticatedUsers are refused."
  }
  validation {
    condition     = length(var.subscribers) == 0 || var.subscription != null
    error_message = "subscribers need a subscription; set subscription = {}."
  }
}

variable "labels" {
  description = "Labels of everything that has some."
  type        = map(string)
  default     = {}
  nullable    = false
}
