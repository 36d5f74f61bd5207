# What a stack is when nothing is said but where it is.

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
    jwt_keys       = "v1:0123456789abcdef0123456789abcdef"
    admin_password = "0123456789abcdef"
  }
}

run "defaults" {
  command = plan

  assert {
    condition = { for key, account in local.accounts : key => toset(account.project_roles) } == {
      api          = toset(["roles/bigquery.jobUser", "roles/cloudsql.client", "roles/cloudsql.instanceUser"])
      loader       = toset(["roles/bigquery.jobUser", "roles/cloudsql.client", "roles/cloudsql.instanceUser"])
      migrate      = toset(["roles/cloudsql.client", "roles/cloudsql.instanceUser"])
      orchestrator = toset(["roles/bigquery.jobUser", "roles/logging.logWriter"])
      build        = toset(["roles/artifactregistry.writer", "roles/logging.logWriter", "roles/storage.objectViewer"])
      deploy = toset([
        "roles/cloudbuild.builds.editor", "roles/cloudfunctions.viewer", "roles/logging.logWriter",
        "roles/monitoring.viewer", "roles/run.viewer", "roles/serviceusage.serviceUsageConsumer",
      ])
    }
    error_message = "An account may do more, or less, on the whole project than was decided."
  }

  assert {
    condition     = { for key, account in local.scheduler_account : key => length(account.project_roles) } == { scheduler = 0 }
    error_message = "The scheduler's account gets its one role from the module of the workflows."
  }

  assert {
    condition = { for key, users in local.users : key => values(users) } == {
      for key in ["api", "build", "deploy", "loader", "migrate"] : key => ["serviceAccount:deploy@acme-orders.iam.gserviceaccount.com"]
    }
    error_message = "Somebody else than the deployment may hand an account to a workload, or the deployment may hand over another."
  }

  assert {
    condition = toset(local.apis) == toset([
      "artifactregistry", "bigquery", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler",
      "compute", "containeranalysis", "containerscanning", "iam", "iamcredentials", "logging", "monitoring",
      "pubsub", "run", "secretmanager", "servicenetworking", "serviceusage", "sqladmin", "storage",
      "workflowexecutions", "workflows",
    ])
    error_message = "Other APIs are turned on than these modules call."
  }

  assert {
    condition = local.api_env == {
      ALLOWED_HOSTS            = "tally-dev-api-123456789012.europe-west1.run.app,candidate---tally-dev-api-123456789012.europe-west1.run.app"
      AUTH                     = "required"
      BIGQUERY_DATASET         = "analytics"
      BIGQUERY_LOCATION        = "europe-west1"
      BIGQUERY_PROJECT         = "acme-orders"
      DB_IP_TYPE               = "private"
      DB_NAME                  = "tally"
      DB_USER                  = "api@acme-orders.iam"
      GOOGLE_AUDIENCE          = "https://tally-dev-api-123456789012.europe-west1.run.app"
      GOOGLE_CLOUD_PROJECT     = "acme-orders"
      INSTANCE_CONNECTION_NAME = "acme-orders:europe-west1:tally"
      PROXIES                  = "1"
      SERVICE_ACCOUNTS         = "{}"
    }
    error_message = "The API is told something else."
  }

  assert {
    condition = local.function_env == {
      BIGQUERY_DATASET         = "analytics"
      BIGQUERY_LOCATION        = "europe-west1"
      BIGQUERY_PROJECT         = "acme-orders"
      DB_IP_TYPE               = "private"
      DB_NAME                  = "tally"
      DB_USER                  = "loader@acme-orders.iam"
      GOOGLE_CLOUD_PROJECT     = "acme-orders"
      INSTANCE_CONNECTION_NAME = "acme-orders:europe-west1:tally"
    }
    error_message = "The functions are told something else."
  }

  assert {
    condition = local.migrate_env == {
      DB_API_USER              = "api@acme-orders.iam"
      DB_IP_TYPE               = "private"
      DB_LOADER_USER           = "loader@acme-orders.iam"
      DB_MIGRATE_ROLE          = "cloudsqlsuperuser"
      DB_NAME                  = "tally"
      DB_USER                  = "migrate@acme-orders.iam"
      INSTANCE_CONNECTION_NAME = "acme-orders:europe-west1:tally"
    }
    error_message = "The migrations are told something else."
  }

  assert {
    condition     = local.admin_env.DB_USER == "api@acme-orders.iam"
    error_message = "The first administrator is made by the API's account, which may do no more."
  }

  assert {
    condition = local.night_env == {
      BIGQUERY_DATASET    = "analytics"
      BIGQUERY_LOCATION   = "europe-west1"
      BIGQUERY_PROJECT    = "acme-orders"
      TALLY_FUNCTION_URL  = "https://load.example"
      TALLY_RECONCILE_URL = "https://reconcile.example"
      TALLY_MAINTAIN_URL  = "https://maintain.example"
    }
    error_message = "The nights are told something else, or a URL is that of another function."
  }

  assert {
    condition     = { for key, function in local.functions : key => function.timeout_s } == { load_orders = 3600, reconcile_orders = 3600, maintain_orders = 540 }
    error_message = "There are other functions than main.py has, or they may take another time."
  }

  assert {
    condition     = output.substitutions == "_ADMIN_JOB=tally-dev-admin,_CANDIDATE_URL=https://candidate---tally-dev-api-123456789012.europe-west1.run.app,_DAGS=,_FUNCTIONS=tally-dev-load-orders tally-dev-maintain-orders tally-dev-reconcile-orders,_IMAGE=europe-west1-docker.pkg.dev/acme-orders/tally/api,_MIGRATE_JOB=tally-dev-migrate,_REGION=europe-west1,_SERVICE=tally-dev-api,_SOURCE_BUCKET=acme-orders-tally-dev-source,_SQL_BUCKET=acme-orders-tally-dev-sql,_WATCH_S=300"
    error_message = "Cloud Build is told something else."
  }

  assert {
    condition     = output.deploy_account == "projects/acme-orders/serviceAccounts/deploy@acme-orders.iam.gserviceaccount.com"
    error_message = "Builds run as the account of the deployment."
  }

  assert {
    condition     = output.api_url == "https://tally-dev-api-123456789012.europe-west1.run.app"
    error_message = "Without a load balancer the API is at Cloud Run's address."
  }

  assert {
    condition     = output.workflow_names == tomap({ daily = "tally-dev-daily", maintain = "tally-dev-maintain" })
    error_message = "The nights have other names."
  }

  assert {
    condition     = length(module.composer) + length(module.snapshots_bucket) == 0
    error_message = "Airflow costs hundreds of dollars a month: only who asks for it gets it."
  }

  assert {
    condition     = length(module.load_balancer) + length(module.workload_identity) + length(module.datadog_api_key) == 0
    error_message = "Something optional is made without being asked for."
  }

  assert {
    condition     = module.cloud_sql.db_users == { api = "api@acme-orders.iam", loader = "loader@acme-orders.iam", migrate = "migrate@acme-orders.iam" }
    error_message = "There are other users of the database than these three accounts."
  }

  assert {
    condition     = google_storage_bucket_iam_member.deploy_sees["sql"].bucket == "acme-orders-tally-dev-sql" && toset(keys(google_storage_bucket_iam_member.deploy_sees)) == toset(["source", "sql"])
    error_message = "The deployment sees other buckets than those that it writes."
  }

  assert {
    condition     = alltrue([for grant in google_storage_bucket_iam_member.deploy_sees : grant.role == "roles/storage.legacyBucketReader" && grant.member == "serviceAccount:deploy@acme-orders.iam.gserviceaccount.com"])
    error_message = "Whoever deploys reads the buckets themselves, and nobody else does."
  }

  assert {
    condition     = google_service_account_iam_member.deploy_makes_its_id_tokens.service_account_id == output.deploy_account
    error_message = "The deployment makes id tokens of its own account only."
  }

  assert {
    condition     = length(google_project_iam_member.deployer_submits) + length(google_storage_bucket_iam_member.deployer_sees) == 0
    error_message = "Nobody may submit builds by default."
  }

  assert {
    condition     = google_storage_bucket_object.first_archive.name == "functions/first.zip"
    error_message = "The first archive has another name: Terraform would replace the functions."
  }
}
