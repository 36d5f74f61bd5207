locals {
  # Roles on the project are those that Google cannot grant on less.
  database_client = ["roles/cloudsql.client", "roles/cloudsql.instanceUser"]

  accounts = {
    api = {
      display_name  = "The API"
      project_roles = concat(local.database_client, ["roles/bigquery.jobUser"])
    }
    loader = {
      display_name  = "The functions that load, reconcile and maintain"
      project_roles = concat(local.database_client, ["roles/bigquery.jobUser"])
    }
    migrate = {
      display_name  = "The job that migrates the database"
      project_roles = local.database_client
    }
    orchestrator = {
      display_name = "The nights: workflows or Airflow"
      project_roles = concat(
        ["roles/bigquery.jobUser"],
        local.composer ? ["roles/composer.worker"] : ["roles/logging.logWriter"],
      )
    }
    build = {
      display_name = "Builds the functions"
      # Functions keep their sources and images in a bucket and a repository that Google makes.
      project_roles = ["roles/artifactregistry.writer", "roles/logging.logWriter", "roles/storage.objectViewer"]
    }
    deploy = {
      display_name = "Cloud Build's steps: builds and deploys"
      project_roles = [
        "roles/cloudbuild.builds.editor",
        "roles/cloudfunctions.viewer",
        "roles/logging.logWriter",
        "roles/monitoring.viewer",
        "roles/run.viewer",
        "roles/serviceusage.serviceUsageConsumer",
      ]
    }
  }

  # Nothing starts Airflow's runs but Airflow.
  scheduler_account = local.scheduler ? {
    scheduler = {
      display_name  = "Starts the workflows"
      project_roles = []
    }
  } : {}

  # Who deploys a workload hands its account over to it.
  deployer = { deploy = module.service_account["deploy"].member }
  users = {
    api     = local.deployer
    loader  = local.deployer
    migrate = local.deployer
    build   = local.deployer
    deploy  = merge(var.deployers, local.deployer)
  }

  members = { for key, account in module.service_account : key => account.member }
  emails  = { for key, account in module.service_account : key => account.email }
}

module "service_account" {
  source   = "../service-account"
  for_each = merge(local.accounts, local.scheduler_account)

  project_id    = local.project_id
  account_id    = local.names.accounts[each.key]
  display_name  = each.value.display_name
  project_roles = each.value.project_roles
  users         = lookup(local.users, each.key, {})
}
