mock_provider "google" {
  mock_resource "google_secret_manager_secret" {
    override_during = plan
    defaults        = { id = "projects/tally-test/secrets/tally-dev-jwt-keys" }
  }
  mock_resource "google_secret_manager_secret_version" {
    override_during = plan
    defaults        = { version = "4" }
  }
}

variables {
  project_id = "tally-test"
  secret_id  = "tally-dev-jwt-keys"
  value      = "correct horse battery staple"
}

run "nobody_may_read_a_secret_of_which_nothing_is_said" {
  command = plan

  assert {
    condition     = length(google_secret_manager_secret_iam_member.accessor) == 0
    error_message = "A secret must have no reader that was not named."
  }

  assert {
    condition     = google_secret_manager_secret.this.deletion_protection && google_secret_manager_secret.this.version_destroy_ttl == "604800s"
    error_message = "A secret is protected against deletion, and a destroyed version can be brought back for a week."
  }

  assert {
    condition     = length(google_secret_manager_secret.this.replication[0].auto) == 1 && length(google_secret_manager_secret.this.replication[0].user_managed) == 0
    error_message = "Without replica_locations Google chooses where the value is kept."
  }
}

run "the_value_is_in_no_plan" {
  command = plan

  assert {
    condition     = google_secret_manager_secret_version.this.secret_data_wo == null && google_secret_manager_secret_version.this.secret_data == null
    error_message = "The value must be sent by the write-only argument, and by no other."
  }

  assert {
    condition     = google_secret_manager_secret_version.this.secret == "projects/tally-test/secrets/tally-dev-jwt-keys" && tostring(google_secret_manager_secret_version.this.secret_data_wo_version) == "1"
    error_message = "The first value is version 1 of its own secret."
  }

  assert {
    condition     = google_secret_manager_secret_version.this.deletion_policy == "ABANDON"
    error_message = "A new value must not destroy the old one, which running revisions are pinned to."
  }
}

run "exactly_the_accessors_that_are_named_may_read" {
  command = plan

  variables {
    accessors = {
      api     = "serviceAccount:tally-dev-api@tally-test.iam.gserviceaccount.com"
      migrate = "serviceAccount:tally-dev-migrate@tally-test.iam.gserviceaccount.com"
    }
    value_version = 2
  }

  assert {
    condition = toset([for grant in google_secret_manager_secret_iam_member.accessor : "${grant.project}/${grant.secret_id} ${grant.member} ${grant.role}"]) == toset([
      "tally-test/tally-dev-jwt-keys serviceAccount:tally-dev-api@tally-test.iam.gserviceaccount.com roles/secretmanager.secretAccessor",
      "tally-test/tally-dev-jwt-keys serviceAccount:tally-dev-migrate@tally-test.iam.gserviceaccount.com roles/secretmanager.secretAccessor",
    ])
    error_message = "The accessors may read this secret, and nobody may do more."
  }

  assert {
    condition     = tostring(google_secret_manager_secret_version.this.secret_data_wo_version) == "2"
    error_message = "Raising value_version writes a new version."
  }

  assert {
    condition     = [output.secret_id, output.id, output.version] == ["tally-dev-jwt-keys", "projects/tally-test/secrets/tally-dev-jwt-keys", "4"]
    error_message = "The outputs name the secret and the version that Google gave it."
  }
}

run "a_value_is_kept_in_the_regions_that_are_named" {
  command = plan

  variables {
    replica_locations = ["europe-west1", "europe-west4"]
  }

  assert {
    condition     = [for replica in google_secret_manager_secret.this.replication[0].user_managed[0].replicas : replica.location] == ["europe-west1", "europe-west4"] && length(google_secret_manager_secret.this.replication[0].auto) == 0
    error_message = "The value must be kept in the regions that were named and in no other."
  }
}
