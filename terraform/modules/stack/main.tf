data "google_project" "this" {
  project_id = var.project_id
}

module "naming" {
  source      = "../naming"
  project_id  = var.project_id
  environment = var.environment
  labels      = var.labels
}

locals {
  names  = module.naming.names
  labels = module.naming.labels
  # Known at once; whoever takes it waits until the APIs are on.
  project_id = module.project_services.project_id

  composer  = var.orchestrator == "composer"
  scheduler = var.orchestrator == "scheduler"

  apis = concat(
    [
      "artifactregistry", "bigquery", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "compute",
      "containeranalysis", "iam", "iamcredentials", "logging", "monitoring", "pubsub", "run",
      "secretmanager", "servicenetworking", "serviceusage", "sqladmin", "storage",
    ],
    local.scheduler ? ["cloudscheduler", "workflowexecutions", "workflows"] : ["composer", "servicedirectory"],
    local.composer || var.network.database_access == "psc" ? ["dns"] : [],
    var.supply_chain.binary_authorization ? ["binaryauthorization"] : [],
    var.supply_chain.vulnerability_scanning ? ["containerscanning"] : [],
    var.alerts.budget == null ? [] : ["billingbudgets"],
    var.github == null ? [] : ["sts"],
  )
}

module "project_services" {
  source     = "../project-services"
  project_id = var.project_id
  services   = [for api in local.apis : "${api}.googleapis.com"]
}

module "network" {
  source          = "../network"
  project_id      = local.project_id
  region          = var.region
  name            = local.names.network
  subnet_cidr     = var.network.subnet_cidr
  database_access = var.network.database_access
  # Workflows reach functions with internal ingress without it.
  run_app_address = local.composer ? var.network.run_app_address : null
  labels          = local.labels
}

locals {
  vpc = {
    network    = module.network.network_id
    subnetwork = module.network.subnetwork_id
  }
}
