# Every run is a plan.
mock_provider "google" {}

variables {
  project_id = "tally-test"
  name       = "tally-test-dags-sql"
  location   = "europe-west1"
}

run "nobody_reads_it_and_nothing_can_make_it_public" {
  command = plan

  assert {
    condition     = length(google_storage_bucket_iam_member.readers) + length(google_storage_bucket_iam_member.writers) == 0
    error_message = "Somebody was granted a role."
  }
  assert {
    condition     = google_storage_bucket.this.public_access_prevention == "enforced"
    error_message = "It can be made public."
  }
  assert {
    condition     = google_storage_bucket.this.uniform_bucket_level_access == true
    error_message = "Objects can have access lists of their own."
  }
}

run "what_is_deleted_can_be_restored" {
  command = plan

  assert {
    condition     = google_storage_bucket.this.force_destroy == false
    error_message = "Terraform deletes it with what is in it."
  }
  assert {
    condition     = google_storage_bucket.this.versioning[0].enabled == true
    error_message = "What is overwritten is gone."
  }
  assert {
    condition     = google_storage_bucket.this.soft_delete_policy[0].retention_duration_seconds == 604800
    error_message = "What is deleted does not stay for a week."
  }
}

run "only_old_versions_and_broken_uploads_are_deleted" {
  command = plan

  assert {
    condition = toset([
      for rule in google_storage_bucket.this.lifecycle_rule :
      "${one(rule.action).type} ${one(rule.action).type == "Delete" ? one(rule.condition).with_state : "ANY"} age=${coalesce(one(rule.condition).age, 0)} noncurrent=${coalesce(one(rule.condition).days_since_noncurrent_time, 0)}"
    ]) == toset(["Delete ARCHIVED age=0 noncurrent=30", "AbortIncompleteMultipartUpload ANY age=7 noncurrent=0"])
    error_message = "Something else is deleted by itself."
  }
}

run "names_are_those_given" {
  command = plan

  assert {
    condition     = output.name == "tally-test-dags-sql" && google_storage_bucket.this.location == "europe-west1"
    error_message = "It has another name or place."
  }
}

run "roles_are_exactly_those_listed" {
  command = plan
  variables {
    readers = { orchestrator = "serviceAccount:orchestrator@tally-test.iam.gserviceaccount.com" }
    writers = { deploy = "serviceAccount:deploy@tally-test.iam.gserviceaccount.com" }
  }

  assert {
    condition = toset([
      for grant in concat(
        values(google_storage_bucket_iam_member.readers),
        values(google_storage_bucket_iam_member.writers),
      ) : "${grant.bucket} ${grant.role} ${grant.member}"
      ]) == toset([
      "tally-test-dags-sql roles/storage.objectViewer serviceAccount:orchestrator@tally-test.iam.gserviceaccount.com",
      "tally-test-dags-sql roles/storage.objectAdmin serviceAccount:deploy@tally-test.iam.gserviceaccount.com",
    ])
    error_message = "Roles differ from those listed."
  }
}

run "objects_can_be_deleted_after_a_time" {
  command = plan
  variables {
    versioning        = false
    delete_after_days = 3
  }

  assert {
    condition = toset([
      for rule in google_storage_bucket.this.lifecycle_rule :
      "${one(rule.action).type} ${one(rule.action).type == "Delete" ? one(rule.condition).with_state : "ANY"} age=${coalesce(one(rule.condition).age, 0)}"
    ]) == toset(["Delete LIVE age=3", "AbortIncompleteMultipartUpload ANY age=7"])
    error_message = "Objects are not deleted after three days, or something else is."
  }
}
