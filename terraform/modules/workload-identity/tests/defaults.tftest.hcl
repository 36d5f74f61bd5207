mock_provider "google" {
  mock_resource "google_iam_workload_identity_pool" {
    override_during = plan
    defaults        = { name = "projects/123456789/locations/global/workloadIdentityPools/tally-dev-github" }
  }
  mock_resource "google_iam_workload_identity_pool_provider" {
    override_during = plan
    defaults        = { name = "projects/123456789/locations/global/workloadIdentityPools/tally-dev-github/providers/tally-dev-github" }
  }
}

variables {
  project_id = "tally-test"
  pool_id    = "tally-dev-github"
}

run "nothing_from_outside_is_let_in_by_default" {
  command = plan

  assert {
    condition = (
      length(google_iam_workload_identity_pool.github) + length(google_iam_workload_identity_pool_provider.github) +
      length(google_service_account_iam_member.github) + length(google_service_account_iam_member.kubernetes) == 0
    )
    error_message = "Without a repository and a cluster there must be neither pool nor grant."
  }

  assert {
    condition     = output.provider_name == null && output.principal_set == null
    error_message = "Without a repository there is no provider to name."
  }
}

run "the_main_branch_of_one_repository_is_let_in" {
  command = plan

  variables {
    github = {
      repository_id       = "987654321"
      repository_owner_id = "1234567"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
    }
  }

  assert {
    condition = google_iam_workload_identity_pool_provider.github[0].attribute_condition == join(" && ", [
      "assertion.repository_id == '987654321'",
      "assertion.repository_owner_id == '1234567'",
      "assertion.ref == 'refs/heads/main'",
      "assertion.event_name in ['push', 'workflow_dispatch']",
    ])
    error_message = "The provider must ask for the numbers of the repository and of its owner, the main branch and an event of the repository's own."
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github[0].oidc[0].issuer_uri == "https://token.actions.githubusercontent.com" && google_iam_workload_identity_pool_provider.github[0].oidc[0].allowed_audiences == null
    error_message = "Tokens are GitHub's, made out for this very provider."
  }

  assert {
    condition = google_iam_workload_identity_pool_provider.github[0].attribute_mapping == tomap({
      "google.subject"                = "assertion.sub"
      "attribute.repository_id"       = "assertion.repository_id"
      "attribute.repository_owner_id" = "assertion.repository_owner_id"
      "attribute.ref"                 = "assertion.ref"
    })
    error_message = "The grant goes by the repository's number, which must be mapped."
  }

  assert {
    condition = [for grant in google_service_account_iam_member.github : "${grant.service_account_id} ${grant.member} ${grant.role}"] == [
      "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com principalSet://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/tally-dev-github/attribute.repository_id/987654321 roles/iam.workloadIdentityUser",
    ]
    error_message = "The repository's workflows may act as the one account, and as no other."
  }

  assert {
    condition = [output.provider_name, output.principal_set] == [
      "projects/123456789/locations/global/workloadIdentityPools/tally-dev-github/providers/tally-dev-github",
      "principalSet://iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/tally-dev-github/attribute.repository_id/987654321",
    ]
    error_message = "The outputs name the provider and the repository's workflows."
  }

  assert {
    condition     = length(google_service_account_iam_member.kubernetes) == 0
    error_message = "A repository lets no cluster in."
  }
}

run "a_tag_and_other_events_can_be_chosen" {
  command = plan

  variables {
    github = {
      repository_id       = "987654321"
      repository_owner_id = "1234567"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
      ref                 = "refs/tags/v1.2.0"
      events              = ["release"]
    }
  }

  assert {
    condition     = endswith(google_iam_workload_identity_pool_provider.github[0].attribute_condition, "assertion.ref == 'refs/tags/v1.2.0' && assertion.event_name in ['release']")
    error_message = "The ref and the events that were named replace the defaults."
  }
}

run "one_kubernetes_account_is_let_in" {
  command = plan

  variables {
    kubernetes = {
      namespace              = "airflow"
      service_account        = "airflow-worker"
      google_service_account = "projects/tally-test/serviceAccounts/tally-dev-orchestrator@tally-test.iam.gserviceaccount.com"
    }
  }

  assert {
    condition = [for grant in google_service_account_iam_member.kubernetes : "${grant.service_account_id} ${grant.member} ${grant.role}"] == [
      "projects/tally-test/serviceAccounts/tally-dev-orchestrator@tally-test.iam.gserviceaccount.com serviceAccount:tally-test.svc.id.goog[airflow/airflow-worker] roles/iam.workloadIdentityUser",
    ]
    error_message = "The one Kubernetes account of this project's clusters may act as the one account."
  }

  assert {
    condition     = length(google_iam_workload_identity_pool.github) == 0
    error_message = "GKE has a pool of its own: none is made."
  }
}

run "a_cluster_of_another_project_can_be_named" {
  command = plan

  variables {
    kubernetes = {
      namespace              = "airflow"
      service_account        = "airflow-worker"
      google_service_account = "projects/tally-test/serviceAccounts/tally-dev-orchestrator@tally-test.iam.gserviceaccount.com"
      project_id             = "platform-clusters"
    }
  }

  assert {
    condition     = google_service_account_iam_member.kubernetes[0].member == "serviceAccount:platform-clusters.svc.id.goog[airflow/airflow-worker]"
    error_message = "The member belongs to the cluster's project."
  }
}
