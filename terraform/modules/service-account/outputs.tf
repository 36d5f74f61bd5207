output "email" {
  description = "E-mail address; whoever reads it waits until the account has its project roles."
  value       = google_service_account.this.email
  depends_on  = [google_project_iam_member.role]
}

output "member" {
  description = "The account as a member (serviceAccount:EMAIL), for grants on other resources."
  value       = google_service_account.this.member
}

output "name" {
  description = "Full name (projects/PROJECT/serviceAccounts/EMAIL), for grants on the account itself and for Cloud Build."
  value       = google_service_account.this.name
}

output "id" {
  description = "The same as name: what resources call service_account_id."
  value       = google_service_account.this.id
}
