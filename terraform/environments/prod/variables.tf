variable "project_id" {
  description = "Id of the project, which is this environment's alone."
  type        = string
}

variable "region" {
  description = "Region of all that has one, such as europe-west1. BigQuery's data lies there too."
  type        = string
}

variable "deletion_protection" {
  description = "Whether Terraform and Google refuse to delete. To tear down: apply false, then destroy."
  type        = bool
  default     = true
}

variable "alert_emails" {
  description = "Who is mailed: a key of your own to the address."
  type        = map(string)
  default     = {}
}

variable "budget" {
  description = "The month's budget, in the billing account's currency; null: none."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string)
  })
  default = null
}

variable "deployers" {
  description = "Who may submit builds by hand: a key of your own to a member."
  type        = map(string)
  default     = {}
}

variable "github" {
  description = "The repository whose workflow may deploy, by numeric ids; null: none."
  type = object({
    repository_id       = string
    repository_owner_id = string
    ref                 = optional(string)
  })
  default = null
}

variable "bigquery_readers" {
  description = "Who may read the warehouse: a key of your own to a member."
  type        = map(string)
  default     = {}
}

variable "datadog_site" {
  description = "Datadog's site, such as datadoghq.eu; null: no Datadog."
  type        = string
  default     = null
}

variable "datadog_api_key" {
  description = "Datadog's API key, with datadog_site: as TF_VAR_datadog_api_key, at every plan and apply."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "secret_versions" {
  description = "Raise a number by one to write a new value: rotation."
  type = object({
    jwt_keys        = optional(number, 1)
    admin_password  = optional(number, 1)
    datadog_api_key = optional(number, 1)
  })
  default = {}
}

variable "domains" {
  description = "Host names that the load balancer answers to, the first of them the API's; none: no load balancer, and the API is at its run.app address."
  type        = list(string)
  default     = []
}

variable "composer_users" {
  description = "Who may open Airflow's pages: a key of your own to a member."
  type        = map(string)
  default     = {}
}

variable "kubernetes" {
  description = "The Kubernetes service account that may act as the orchestrator, for Airflow on GKE in place of Composer; null: none."
  type = object({
    namespace       = string
    service_account = string
  })
  default = null
}

variable "binary_authorization" {
  description = "Whether only images that the project's Binary Authorization policy allows may run."
  type        = bool
  default     = false
}
