# Every run is a plan.
mock_provider "google" {}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-migrate"
  image                 = "gcr.io/cloudrun/hello"
  service_account_email = "migrate@tally-test.iam.gserviceaccount.com"
}

run "nobody_may_run_or_delete_it" {
  command = plan

  assert {
    condition = length(concat(
      values(google_cloud_run_v2_job_iam_member.invokers),
      values(google_cloud_run_v2_job_iam_member.developers),
    )) == 0
    error_message = "Somebody was granted a role."
  }
  assert {
    condition     = google_cloud_run_v2_job.this.deletion_protection == true
    error_message = "Terraform may delete the job."
  }
}

run "it_runs_once_as_its_own_account_with_the_images_command" {
  command = plan

  assert {
    condition = (
      google_cloud_run_v2_job.this.template[0].task_count == 1
      && google_cloud_run_v2_job.this.template[0].template[0].max_retries == 0
    )
    error_message = "It runs more than once."
  }
  assert {
    condition     = google_cloud_run_v2_job.this.template[0].template[0].service_account == var.service_account_email
    error_message = "It runs as another account."
  }
  assert {
    condition     = google_cloud_run_v2_job.this.template[0].template[0].timeout == "600s"
    error_message = "It is not killed after ten minutes."
  }
  assert {
    condition     = google_cloud_run_v2_job.this.template[0].template[0].containers[0].resources[0].limits == tomap({ cpu = "1", memory = "512Mi" })
    error_message = "It has not 1 CPU with 512Mi."
  }
  assert {
    condition = (
      length(google_cloud_run_v2_job.this.template[0].template[0].containers) == 1
      && length(google_cloud_run_v2_job.this.template[0].template[0].containers[0].command) == 0
    )
    error_message = "It is not the image's own command alone."
  }
  assert {
    condition     = google_cloud_run_v2_job.this.name == "tally-migrate" && output.name == "tally-migrate"
    error_message = "It has another name."
  }
}
