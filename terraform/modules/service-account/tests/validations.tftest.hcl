mock_provider "google" {}

variables {
  project_id   = "tally-test"
  account_id   = "tally-dev-api"
  display_name = "Tally API (dev)"
}

run "the_shortest_and_the_longest_name_are_accepted" {
  command = plan

  variables {
    account_id    = "deploy"
    display_name  = "x"
    project_roles = ["organizations/123456789/roles/auditor"]
    users         = { workflow = "principalSet://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/github/attribute.repository_id/1" }
  }

  assert {
    condition     = google_service_account.this.account_id == "deploy" && keys(google_service_account_iam_member.user) == ["workflow"]
    error_message = "Six characters are a name, and the workflows of a repository a member."
  }
}

run "a_name_of_fewer_than_six_characters_is_refused" {
  command = plan

  variables {
    account_id = "api"
  }

  expect_failures = [var.account_id]
}

run "a_name_of_more_than_thirty_characters_is_refused" {
  command = plan

  variables {
    account_id = "a234567890123456789012345678901"
  }

  expect_failures = [var.account_id]
}

run "an_account_without_a_purpose_is_refused" {
  command = plan

  variables {
    display_name = ""
  }

  expect_failures = [var.display_name]
}

run "a_basic_role_is_refused" {
  command = plan

  variables {
    project_roles = ["roles/cloudsql.client", "roles/editor"]
  }

  expect_failures = [var.project_roles]
}

run "a_role_that_acts_as_every_account_is_refused" {
  command = plan

  variables {
    project_roles = ["roles/iam.serviceAccountUser"]
  }

  expect_failures = [var.project_roles]
}

run "a_role_that_grants_itself_roles_is_refused" {
  command = plan

  variables {
    project_roles = ["roles/resourcemanager.projectIamAdmin"]
  }

  expect_failures = [var.project_roles]
}

run "a_role_without_its_prefix_is_refused" {
  command = plan

  variables {
    project_roles = ["cloudsql.client"]
  }

  expect_failures = [var.project_roles]
}

run "everybody_as_a_user_is_refused" {
  command = plan

  variables {
    users = { everybody = "allUsers" }
  }

  expect_failures = [var.users]
}

run "every_account_of_google_as_a_token_creator_is_refused" {
  command = plan

  variables {
    token_creators = { everybody = "allAuthenticatedUsers" }
  }

  expect_failures = [var.token_creators]
}
