locals {
  # The files are the single source of every table: the function and the local stack read them too.
  tables = {
    for file in fileset("${path.module}/schemas", "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${path.module}/schemas/${file}"))
  }
  views = {
    for file in fileset("${path.module}/views", "*.sql") :
    trimsuffix(file, ".sql") => templatefile("${path.module}/views/${file}", {
      dataset = "${var.project_id}.${var.dataset_id}"
    })
  }
  stage_ms = var.stage_days == null ? null : var.stage_days * 24 * 60 * 60 * 1000
  members = merge(
    { for key, member in var.readers : "reader ${key}" => { role = "roles/bigquery.dataViewer", member = member } },
    { for key, member in var.editors : "editor ${key}" => { role = "roles/bigquery.dataEditor", member = member } },
    { for key, member in var.owners : "owner ${key}" => { role = "roles/bigquery.dataOwner", member = member } },
  )
}

resource "google_bigquery_dataset" "this" {
  #checkov:skip=CKV_GCP_81:encrypted with Google's keys; a key of one's own that is lost takes the data with it
  project                    = var.project_id
  dataset_id                 = var.dataset_id
  location                   = var.location
  description                = "Tally's warehouse: changes, orders, sales and the ledger that proves them."
  max_time_travel_hours      = tostring(var.time_travel_hours)
  delete_contents_on_destroy = !var.deletion_protection
  labels                     = var.labels
}

resource "google_bigquery_table" "this" {
  #checkov:skip=CKV_GCP_80:encrypted with Google's keys; a key of one's own that is lost takes the data with it
  #checkov:skip=CKV_GCP_121:var.deletion_protection, which is on unless an environment says otherwise
  for_each = local.tables

  project                  = var.project_id
  dataset_id               = google_bigquery_dataset.this.dataset_id
  table_id                 = each.key
  description              = each.value.description
  schema                   = jsonencode(each.value.schema)
  clustering               = try(each.value.clustering, null)
  require_partition_filter = each.value.require_partition_filter
  deletion_protection      = var.deletion_protection
  labels                   = var.labels

  dynamic "time_partitioning" {
    for_each = try([each.value.time_partitioning], [])

    content {
      type          = time_partitioning.value.type
      field         = time_partitioning.value.field
      expiration_ms = each.key == "orders_stage" && local.stage_ms != null ? local.stage_ms : try(time_partitioning.value.expiration_ms, null)
    }
  }
}

resource "google_bigquery_table" "view" {
  #checkov:skip=CKV_GCP_80:a view holds no data
  #checkov:skip=CKV_GCP_121:a view holds no data and is made anew from its file
  for_each = local.views

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.this.dataset_id
  table_id            = each.key
  description         = trimprefix(split("\n", each.value)[0], "-- ")
  deletion_protection = false
  labels              = var.labels

  view {
    query          = each.value
    use_legacy_sql = false
  }

  # BigQuery refuses a view of a table that is not there.
  depends_on = [google_bigquery_table.this]
}

# Members are added. The dataset has no access blocks, which would remove what is granted here: the two overwrite each other.
resource "google_bigquery_dataset_iam_member" "this" {
  for_each = local.members

  project    = var.project_id
  dataset_id = google_bigquery_dataset.this.dataset_id
  role       = each.value.role
  member     = each.value.member
}
