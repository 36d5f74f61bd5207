mock_provider "google" {
  mock_resource "google_service_account" {
    override_during = plan
    defaults = {
      email  = "tally-dev-api@tally-test.iam.gserviceaccount.com"
      member = "serviceAccount:tally-dev-api@tally-test.iam.gserviceaccount.com"
      name   = "projects/tally-test/serviceAccounts/tally-dev-api@tally-test.iam.gserviceaccount.com"
      id     = "projects/tally-test/serviceAccounts/tally-dev-api@tally-test.iam.gserviceaccount.com"
    }
  }
}

variables {
  project_id   = "tally-test"
  account_id   = "tally-dev-api"
  display_name = "Tally API (dev)"
}

run "an_account_has_no_role_and_nobody_may_use_it" {
  command = plan

  assert {
    condition     = google_service_account.this.account_id == "tally-dev-api" && google_service_account.this.project == "tally-test"
    error_message = "The account has the name that it was given."
  }

  assert {
    condition = concat(
      keys(google_project_iam_member.role),
      keys(google_service_account_iam_member.user),
      keys(google_service_account_iam_member.token_creator),
    ) == []
    error_message = "An account of which nothing is said must have no role, and nobody a role on it."
  }
}

run "exactly_the_roles_that_are_named_are_granted" {
  command = plan

  variables {
    project_roles  = ["roles/cloudsql.client", "roles/bigquery.jobUser", "projects/tally-test/roles/loader"]
    users          = { deploy = "serviceAccount:tally-dev-deploy@tally-test.iam.gserviceaccount.com" }
    token_creators = { oncall = "group:oncall@example.com" }
  }

  assert {
    condition = toset([for grant in google_project_iam_member.role : "${grant.project} ${grant.member} ${grant.role}"]) == toset([
      "tally-test serviceAccount:tally-dev-api@tally-test.iam.gserviceaccount.com roles/cloudsql.client",
      "tally-test serviceAccount:tally-dev-api@tally-test.iam.gserviceaccount.com roles/bigquery.jobUser",
      "tally-test serviceAccount:tally-dev-api@tally-test.iam.gserviceaccount.com projects/tally-test/roles/loader",
    ])
    error_message = "On the project the account must have the roles that were named, and no other."
  }

  assert {
    condition = toset([
      for grant in concat(values(google_service_account_iam_member.user), values(google_service_account_iam_member.token_creator)) :
      "${grant.service_account_id} ${grant.member} ${grant.role}"
      ]) == toset([
      "projects/tally-test/serviceAccounts/tally-dev-api@tally-test.iam.gserviceaccount.com serviceAccount:tally-dev-deploy@tally-test.iam.gserviceaccount.com roles/iam.serviceAccountUser",
      "projects/tally-test/serviceAccounts/tally-dev-api@tally-test.iam.gserviceaccount.com group:oncall@example.com roles/iam.serviceAccountTokenCreator",
    ])
    error_message = "On the account the users may attach it and the token creators make tokens of it, and nobody may do anything else."
  }

  assert {
    condition = {
      email = output.email, member = output.member, name = output.name, id = output.id
      } == {
      email  = "tally-dev-api@tally-test.iam.gserviceaccount.com"
      member = "serviceAccount:tally-dev-api@tally-test.iam.gserviceaccount.com"
      name   = "projects/tally-test/serviceAccounts/tally-dev-api@tally-test.iam.gserviceaccount.com"
      id     = "projects/tally-test/serviceAccounts/tally-dev-api@tally-test.iam.gserviceaccount.com"
    }
    error_message = "The outputs are those of the account."
  }
}
