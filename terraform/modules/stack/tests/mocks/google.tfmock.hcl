# What Google would make up: one value each, so that tests can tell who is who.

mock_data "google_project" {
  defaults = { number = "123456789012" }
}

mock_resource "google_compute_network" {
  defaults = { id = "projects/acme-orders/global/networks/tally" }
}

mock_resource "google_compute_subnetwork" {
  defaults = { id = "projects/acme-orders/regions/europe-west1/subnetworks/tally" }
}

mock_resource "google_service_networking_connection" {
  defaults = { id = "projects/acme-orders/global/networks/tally:servicenetworking.googleapis.com" }
}

mock_resource "google_sql_database_instance" {
  defaults = { connection_name = "acme-orders:europe-west1:tally" }
}

mock_resource "google_secret_manager_secret" {
  defaults = { id = "projects/acme-orders/secrets/mock" }
}

mock_resource "google_secret_manager_secret_version" {
  defaults = { version = "1" }
}

mock_resource "google_artifact_registry_repository" {
  defaults = {
    name         = "tally"
    registry_uri = "europe-west1-docker.pkg.dev/acme-orders/tally"
  }
}

mock_resource "google_pubsub_topic" {
  defaults = { id = "projects/acme-orders/topics/tally-alerts" }
}

mock_resource "google_pubsub_subscription" {
  defaults = { id = "projects/acme-orders/subscriptions/tally-alerts" }
}

mock_resource "google_iam_workload_identity_pool" {
  defaults = { name = "projects/123456789012/locations/global/workloadIdentityPools/tally-deploy" }
}

mock_resource "google_iam_workload_identity_pool_provider" {
  defaults = { name = "projects/123456789012/locations/global/workloadIdentityPools/tally-deploy/providers/tally-deploy" }
}

mock_resource "google_composer_environment" {
  defaults = {
    config = {
      airflow_uri    = "https://airflow.example"
      dag_gcs_prefix = "gs://europe-west1-tally-bucket/dags"
    }
  }
}

override_resource {
  target = module.function["load_orders"].google_cloudfunctions2_function.this
  values = {
    service_config = { uri = "https://load.example" }
  }
}

override_resource {
  target = module.function["reconcile_orders"].google_cloudfunctions2_function.this
  values = {
    service_config = { uri = "https://reconcile.example" }
  }
}

override_resource {
  target = module.function["maintain_orders"].google_cloudfunctions2_function.this
  values = {
    service_config = { uri = "https://maintain.example" }
  }
}

override_resource {
  target = module.service_account["api"].google_service_account.this
  values = {
    id     = "projects/acme-orders/serviceAccounts/api@acme-orders.iam.gserviceaccount.com"
    name   = "projects/acme-orders/serviceAccounts/api@acme-orders.iam.gserviceaccount.com"
    email  = "api@acme-orders.iam.gserviceaccount.com"
    member = "serviceAccount:api@acme-orders.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.service_account["loader"].google_service_account.this
  values = {
    id     = "projects/acme-orders/serviceAccounts/loader@acme-orders.iam.gserviceaccount.com"
    name   = "projects/acme-orders/serviceAccounts/loader@acme-orders.iam.gserviceaccount.com"
    email  = "loader@acme-orders.iam.gserviceaccount.com"
    member = "serviceAccount:loader@acme-orders.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.service_account["migrate"].google_service_account.this
  values = {
    id     = "projects/acme-orders/serviceAccounts/migrate@acme-orders.iam.gserviceaccount.com"
    name   = "projects/acme-orders/serviceAccounts/migrate@acme-orders.iam.gserviceaccount.com"
    email  = "migrate@acme-orders.iam.gserviceaccount.com"
    member = "serviceAccount:migrate@acme-orders.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.service_account["orchestrator"].google_service_account.this
  values = {
    id     = "projects/acme-orders/serviceAccounts/orchestrator@acme-orders.iam.gserviceaccount.com"
    name   = "projects/acme-orders/serviceAccounts/orchestrator@acme-orders.iam.gserviceaccount.com"
    email  = "orchestrator@acme-orders.iam.gserviceaccount.com"
    member = "serviceAccount:orchestrator@acme-orders.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.service_account["scheduler"].google_service_account.this
  values = {
    id     = "projects/acme-orders/serviceAccounts/scheduler@acme-orders.iam.gserviceaccount.com"
    name   = "projects/acme-orders/serviceAccounts/scheduler@acme-orders.iam.gserviceaccount.com"
    email  = "scheduler@acme-orders.iam.gserviceaccount.com"
    member = "serviceAccount:scheduler@acme-orders.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.service_account["deploy"].google_service_account.this
  values = {
    id     = "projects/acme-orders/serviceAccounts/deploy@acme-orders.iam.gserviceaccount.com"
    name   = "projects/acme-orders/serviceAccounts/deploy@acme-orders.iam.gserviceaccount.com"
    email  = "deploy@acme-orders.iam.gserviceaccount.com"
    member = "serviceAccount:deploy@acme-orders.iam.gserviceaccount.com"
  }
}

override_resource {
  target = module.service_account["build"].google_service_account.this
  values = {
    id     = "projects/acme-orders/serviceAccounts/build@acme-orders.iam.gserviceaccount.com"
    name   = "projects/acme-orders/serviceAccounts/build@acme-orders.iam.gserviceaccount.com"
    email  = "build@acme-orders.iam.gserviceaccount.com"
    member = "serviceAccount:build@acme-orders.iam.gserviceaccount.com"
  }
}
