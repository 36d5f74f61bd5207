output "workflow_names" {
  description = "The workflows: key to name."
  value       = { for key, workflow in google_workflows_workflow.this : key => workflow.name }
}

output "job_names" {
  description = "The scheduler's jobs: key to name."
  value       = { for key, job in google_cloud_scheduler_job.this : key => job.name }
}
