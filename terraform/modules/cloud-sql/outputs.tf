output "connection_name" {
  description = "PROJECT:REGION:INSTANCE, what connectors call the instance."
  value       = google_sql_database_instance.this.connection_name
}

output "instance_name" {
  description = "Name of the instance."
  value       = google_sql_database_instance.this.name
}

output "database" {
  description = "Name of the database."
  value       = google_sql_database.this.name
}

output "db_users" {
  description = "Keys of iam_users → the user's name in the database."
  value       = { for key, user in google_sql_user.iam : key => user.name }
}

output "ip_type" {
  description = "What connectors are to be told about the way to the instance: private or psc."
  value       = local.ip_type
  depends_on  = [google_compute_forwarding_rule.psc, google_dns_record_set.psc]
}
