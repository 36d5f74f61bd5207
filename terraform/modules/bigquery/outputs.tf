output "dataset_id" {
  description = "The dataset's short id, once its tables are there: BIGQUERY_DATASET."
  value       = google_bigquery_dataset.this.dataset_id
  depends_on  = [google_bigquery_table.this]
}

output "location" {
  description = "Where the data lies: BIGQUERY_LOCATION."
  value       = google_bigquery_dataset.this.location
}

output "table_ids" {
  description = "The tables: short name to full resource id."
  value       = { for name, table in google_bigquery_table.this : name => table.id }
}

output "view_ids" {
  description = "The views: short name to full resource id."
  value       = { for name, view in google_bigquery_table.view : name => view.id }
}
