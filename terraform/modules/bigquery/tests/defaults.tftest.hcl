mock_provider "google" {}

variables {
  project_id = "tally-test"
  location   = "EU"
  readers    = { api = "serviceAccount:api@tally-test.iam.gserviceaccount.com" }
  editors = {
    loader       = "serviceAccount:loader@tally-test.iam.gserviceaccount.com"
    orchestrator = "serviceAccount:orchestrator@tally-test.iam.gserviceaccount.com"
  }
}

run "tables_and_views" {
  command = plan

  assert {
    condition = toset(keys(google_bigquery_table.this)) == toset([
      "customer_cohorts", "load_ledger", "orders", "orders_raw", "orders_stage",
      "sales_daily", "sales_monthly", "sales_weekly",
    ])
    error_message = "There must be a table for each schema file and no other."
  }

  assert {
    condition     = toset(keys(google_bigquery_table.view)) == toset(["load_history", "load_lag", "orders_current"])
    error_message = "There must be a view for each file of views/ and no other."
  }

  assert {
    condition     = alltrue([for view in google_bigquery_table.view : strcontains(view.view[0].query, "`tally-test.analytics.") && !strcontains(view.view[0].query, "$") && !view.view[0].use_legacy_sql])
    error_message = "A view must name its tables with project and dataset."
  }

  assert {
    condition     = alltrue([for view in google_bigquery_table.view : startswith(view.description, "Grain: ")])
    error_message = "A view's description must be its file's first line."
  }

  assert {
    condition = { for name, table in google_bigquery_table.this : name => "${table.time_partitioning[0].type} ${table.time_partitioning[0].field}" if length(table.time_partitioning) > 0 } == {
      orders       = "MONTH created_at"
      orders_raw   = "DAY ingested_at"
      orders_stage = "DAY staged_on"
      sales_daily  = "DAY day"
    }
    error_message = "Four tables are partitioned, as the schema files say."
  }

  assert {
    condition     = google_bigquery_table.this["orders_stage"].time_partitioning[0].expiration_ms == 604800000
    error_message = "Staged rows must be gone after seven days."
  }

  assert {
    condition     = [for name, table in google_bigquery_table.this : name if table.require_partition_filter] == ["orders_raw"]
    error_message = "orders_raw, and no other, must ask for a partition filter."
  }

  assert {
    condition     = google_bigquery_table.this["orders_raw"].clustering == tolist(["region", "order_id"])
    error_message = "orders_raw must be clustered by region and order_id."
  }
}

run "nothing_is_lost" {
  command = plan

  assert {
    condition     = alltrue([for table in google_bigquery_table.this : table.deletion_protection])
    error_message = "Every table must be protected from being destroyed or recreated."
  }

  assert {
    condition     = !google_bigquery_dataset.this.delete_contents_on_destroy
    error_message = "A dataset with tables must not be destroyed."
  }

  assert {
    condition     = google_bigquery_dataset.this.max_time_travel_hours == "168"
    error_message = "Tables must be restorable for seven days."
  }
}

run "access_is_as_listed" {
  command = plan

  assert {
    condition = toset([for grant in google_bigquery_dataset_iam_member.this : "${grant.role} ${grant.member}"]) == toset([
      "roles/bigquery.dataViewer serviceAccount:api@tally-test.iam.gserviceaccount.com",
      "roles/bigquery.dataEditor serviceAccount:loader@tally-test.iam.gserviceaccount.com",
      "roles/bigquery.dataEditor serviceAccount:orchestrator@tally-test.iam.gserviceaccount.com",
    ])
    error_message = "The dataset's members must be those given, with their roles, and no others."
  }

  assert {
    condition     = length(google_bigquery_dataset.this.access) == 0
    error_message = "Access must come from members alone: access blocks would remove them."
  }
}

run "a_shorter_stage" {
  command = plan

  variables {
    stage_days = 5
  }

  assert {
    condition     = google_bigquery_table.this["orders_stage"].time_partitioning[0].expiration_ms == 432000000
    error_message = "stage_days must set the stage's expiry."
  }
}
