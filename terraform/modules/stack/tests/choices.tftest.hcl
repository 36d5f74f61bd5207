# What each choice adds, and what it takes away.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project_id  = "acme-orders"
  region      = "europe-west1"
  environment = "dev"
  functions   = { archive = "functions.zip" }
  secrets = {
    jwt_keys        = "v1:0123456789abcdef0123456789abcdef"
    admin_password  = "0123456789abcdef"
    datadog_api_key = "0123456789abcdef"
  }
}

run "composer_takes_the_place_of_scheduler_and_workflows" {
  command = plan

  variables {
    orchestrator = "composer"
  }

  assert {
    condition     = length(module.workflows) + length(module.sql_bucket) + length(local.scheduler_account) == 0
    error_message = "Two orchestrators would load each day twice."
  }

  assert {
    condition     = toset(local.accounts.orchestrator.project_roles) == toset(["roles/bigquery.jobUser", "roles/composer.worker"])
    error_message = "Airflow's account may do something else."
  }

  assert {
    condition     = contains(local.apis, "composer") && !contains(local.apis, "workflows") && !contains(local.apis, "cloudscheduler")
    error_message = "The APIs are not those of the orchestrator."
  }

  assert {
    condition     = strcontains(output.substitutions, "_DAGS=gs://europe-west1-tally-bucket/dags,") && strcontains(output.substitutions, "_SQL_BUCKET=,")
    error_message = "Builds bring DAGs to Composer, and SQL to no other bucket."
  }

  assert {
    condition     = google_storage_bucket_iam_member.deploy_sees["dags"].bucket == "europe-west1-tally-bucket"
    error_message = "The deployment reads Composer's bucket."
  }

  assert {
    condition     = length(module.snapshots_bucket) == 1
    error_message = "Airflow's history is saved, somewhere."
  }

  assert {
    condition     = length(output.workflow_names) == 0 && output.sql_bucket == null
    error_message = "There are no workflows beside Composer."
  }
}

run "a_load_balancer_is_the_only_way_in" {
  command = plan

  variables {
    public        = { enabled = true, reason = "Clients are outside Google Cloud." }
    load_balancer = { domains = ["orders.example.com", "api.example.com"] }
  }

  assert {
    condition     = local.api_env.PROXIES == "2"
    error_message = "Behind a load balancer two proxies append to X-Forwarded-For: with another number anybody may claim an address."
  }

  assert {
    condition     = local.api_env.ALLOWED_HOSTS == "orders.example.com,api.example.com,tally-dev-api-123456789012.europe-west1.run.app,candidate.orders.example.com"
    error_message = "The API must know all names that it is called by."
  }

  assert {
    condition     = local.api_env.GOOGLE_AUDIENCE == "https://orders.example.com" && output.api_url == "https://orders.example.com"
    error_message = "Google's tokens are for the first domain."
  }

  assert {
    condition     = strcontains(output.substitutions, "_CANDIDATE_URL=https://candidate.orders.example.com,")
    error_message = "Cloud Build is outside: it tries a candidate through the load balancer."
  }
}

run "datadog_has_an_agent_and_its_key_is_a_secret" {
  command = plan

  variables {
    datadog = { site = "datadoghq.eu" }
  }

  assert {
    condition     = { for key, value in local.api_env : key => value if startswith(key, "DD_") } == { DD_METRICS_ENABLED = "true", DD_ENV = "dev", DD_SERVICE = "tally-dev-api" }
    error_message = "The API sends to the agent beside it, under its name."
  }

  assert {
    condition     = module.datadog_api_key[0].secret_id == "tally-dev-datadog-api-key"
    error_message = "The key is a secret."
  }
}

run "people_who_deploy_may_submit_builds_and_no_more" {
  command = plan

  variables {
    deployers = { ann = "user:ann@example.com" }
  }

  assert {
    condition     = local.users.deploy == { ann = "user:ann@example.com", deploy = "serviceAccount:deploy@acme-orders.iam.gserviceaccount.com" }
    error_message = "Who submits a build hands it the deployment's account."
  }

  assert {
    condition     = toset([for grant in google_project_iam_member.deployer_submits : "${grant.member} ${grant.role}"]) == toset(["user:ann@example.com roles/cloudbuild.builds.editor", "user:ann@example.com roles/serviceusage.serviceUsageConsumer"])
    error_message = "A deployer submits builds, and may do nothing else in the project."
  }

  assert {
    condition     = { for key, grant in google_storage_bucket_iam_member.deployer_sees : key => [grant.bucket, grant.role] } == { ann = ["acme-orders-tally-dev-source", "roles/storage.legacyBucketReader"] }
    error_message = "A deployer stages sources, in this bucket only."
  }

  assert {
    condition     = !contains(keys(merge(local.users.api, local.users.loader, local.users.migrate)), "ann")
    error_message = "A deployer must not act as a workload."
  }
}

run "federation_is_made_when_asked_for" {
  command = plan

  variables {
    github     = { repository_id = "123456789", repository_owner_id = "1234567" }
    kubernetes = { namespace = "airflow", service_account = "worker" }
  }

  assert {
    condition     = contains(local.apis, "sts") && length(module.workload_identity) == 1
    error_message = "Tokens of GitHub's are exchanged by an API of its own."
  }
}

run "github_needs_no_kubernetes" {
  command = plan

  variables {
    github = { repository_id = "123456789", repository_owner_id = "1234567" }
  }

  assert {
    condition     = length(module.workload_identity) == 1 && output.workload_identity_provider != null
    error_message = "The repository's workflow has nobody to ask."
  }
}

run "kubernetes_needs_no_github" {
  command = plan

  variables {
    kubernetes = { namespace = "airflow", service_account = "worker" }
  }

  assert {
    condition     = length(module.workload_identity) == 1 && output.workload_identity_provider == null && !contains(local.apis, "sts")
    error_message = "Airflow on GKE is let in, and nobody of GitHub's."
  }
}

run "private_service_connect_is_told_to_the_connector" {
  command = plan

  variables {
    network = { database_access = "psc" }
  }

  assert {
    condition     = local.api_env.DB_IP_TYPE == "psc" && local.function_env.DB_IP_TYPE == "psc" && local.migrate_env.DB_IP_TYPE == "psc"
    error_message = "A workload would look for the database where it is not."
  }
}

run "settings_and_roles_reach_the_api" {
  command = plan

  variables {
    api = {
      settings         = { RATE_LIMIT = "100/minute" }
      service_accounts = { "loader@acme-orders.iam.gserviceaccount.com" = "clerk" }
    }
    functions = { archive = "functions.zip", settings = { CLOSING_WAIT_S = "30" } }
    bigquery  = { location = "EU" }
  }

  assert {
    condition     = local.api_env.RATE_LIMIT == "100/minute" && local.function_env.CLOSING_WAIT_S == "30"
    error_message = "A setting is lost."
  }

  assert {
    condition     = jsondecode(local.api_env.SERVICE_ACCOUNTS) == { "loader@acme-orders.iam.gserviceaccount.com" = "clerk" }
    error_message = "A role is lost."
  }

  assert {
    condition     = local.api_env.BIGQUERY_LOCATION == "EU" && local.function_env.BIGQUERY_LOCATION == "EU" && local.night_env.BIGQUERY_LOCATION == "EU"
    error_message = "All look for the data where it lies."
  }
}

run "prod_is_allowed_what_is_safe" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = module.naming.prefix == "tally-prod"
    error_message = "The defaults are good enough for prod."
  }

  assert {
    condition     = endswith(output.substitutions, ",_WATCH_S=900")
    error_message = "Prod watches a new revision for longer."
  }
}
