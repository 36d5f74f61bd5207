mock_provider "google" {
  mock_resource "google_artifact_registry_repository" {
    override_during = plan
    defaults = {
      name         = "tally-dev"
      registry_uri = "europe-west1-docker.pkg.dev/tally-test/tally-dev"
    }
  }
}

variables {
  project_id    = "tally-test"
  region        = "europe-west1"
  repository_id = "tally-dev"
}

run "a_repository_is_for_images_scanned_and_nobody_elses" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository.this.format == "DOCKER" && google_artifact_registry_repository.this.location == "europe-west1"
    error_message = "The repository holds container images, in the region that they run in."
  }

  assert {
    condition     = google_artifact_registry_repository.this.vulnerability_scanning_config[0].enablement_config == "INHERITED"
    error_message = "Images are scanned unless that is switched off."
  }

  assert {
    condition     = length(google_artifact_registry_repository_iam_member.writer) + length(google_artifact_registry_repository_iam_member.reader) == 0
    error_message = "Nobody may push or pull who was not named."
  }
}

run "old_versions_go_and_the_newest_thirty_stay" {
  command = plan

  assert {
    condition = toset([
      for policy in google_artifact_registry_repository.this.cleanup_policies : jsonencode([
        policy.action,
        [for rule in policy.most_recent_versions : rule.keep_count],
        [for rule in policy.condition : [rule.tag_state, rule.older_than]],
      ])
    ]) == toset(["[\"KEEP\",[30],[]]", "[\"DELETE\",[],[[\"ANY\",\"2592000s\"]]]"])
    error_message = "Versions older than thirty days are deleted, tagged or not, but for the newest thirty."
  }
}

run "exactly_those_named_may_push_and_pull" {
  command = plan

  variables {
    writers                = { deploy = "serviceAccount:tally-dev-deploy@tally-test.iam.gserviceaccount.com" }
    readers                = { security = "group:security@example.com" }
    vulnerability_scanning = false
    immutable_tags         = true
  }

  assert {
    condition = toset([
      for grant in concat(values(google_artifact_registry_repository_iam_member.writer), values(google_artifact_registry_repository_iam_member.reader)) :
      "${grant.location}/${grant.repository} ${grant.member} ${grant.role}"
      ]) == toset([
      "europe-west1/tally-dev serviceAccount:tally-dev-deploy@tally-test.iam.gserviceaccount.com roles/artifactregistry.writer",
      "europe-west1/tally-dev group:security@example.com roles/artifactregistry.reader",
    ])
    error_message = "Writers may push to this repository and readers pull from it, and nobody may do anything else."
  }

  assert {
    condition     = google_artifact_registry_repository.this.vulnerability_scanning_config[0].enablement_config == "DISABLED" && google_artifact_registry_repository.this.docker_config[0].immutable_tags
    error_message = "Scanning can be switched off, and tags can be made immutable."
  }

  assert {
    condition     = output.url == "europe-west1-docker.pkg.dev/tally-test/tally-dev" && output.name == "tally-dev"
    error_message = "The outputs are those of the repository."
  }
}
