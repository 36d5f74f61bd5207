mock_provider "google" {}

variables {
  project_id = "tally-test"
  pool_id    = "tally-dev-github"
}

run "the_shortest_names_are_accepted" {
  command = plan

  variables {
    pool_id = "pool"
    github = {
      repository_id       = "1"
      repository_owner_id = "2"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
      ref                 = "refs/heads/release/2.x"
    }
    kubernetes = {
      namespace              = "a"
      service_account        = "b"
      google_service_account = "projects/tally-test/serviceAccounts/tally-dev-orchestrator@tally-test.iam.gserviceaccount.com"
    }
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github[0].workload_identity_pool_provider_id == "pool" && length(google_service_account_iam_member.kubernetes) == 1
    error_message = "Short names, small numbers and branches with slashes are real ones."
  }
}

run "a_pool_of_googles_own_is_refused" {
  command = plan

  variables {
    pool_id = "gcp-tally"
  }

  expect_failures = [var.pool_id]
}

run "a_pool_with_too_short_a_name_is_refused" {
  command = plan

  variables {
    pool_id = "gha"
  }

  expect_failures = [var.pool_id]
}

run "a_repository_by_name_is_refused" {
  command = plan

  variables {
    github = {
      repository_id       = "example/tally"
      repository_owner_id = "2"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
    }
  }

  expect_failures = [var.github]
}

run "an_owner_by_name_is_refused" {
  command = plan

  variables {
    github = {
      repository_id       = "1"
      repository_owner_id = "example"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
    }
  }

  expect_failures = [var.github]
}

run "a_number_that_closes_the_condition_is_refused" {
  command = plan

  variables {
    github = {
      repository_id       = "1' || true || '1"
      repository_owner_id = "2"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
    }
  }

  expect_failures = [var.github]
}

run "any_branch_is_refused" {
  command = plan

  variables {
    github = {
      repository_id       = "1"
      repository_owner_id = "2"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
      ref                 = "refs/heads/*"
    }
  }

  expect_failures = [var.github]
}

run "a_branch_without_its_prefix_is_refused" {
  command = plan

  variables {
    github = {
      repository_id       = "1"
      repository_owner_id = "2"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
      ref                 = "main"
    }
  }

  expect_failures = [var.github]
}

run "what_a_stranger_proposes_is_refused" {
  command = plan

  variables {
    github = {
      repository_id       = "1"
      repository_owner_id = "2"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
      events              = ["push", "pull_request_target"]
    }
  }

  expect_failures = [var.github]
}

run "no_event_at_all_is_refused" {
  command = plan

  variables {
    github = {
      repository_id       = "1"
      repository_owner_id = "2"
      service_account     = "projects/tally-test/serviceAccounts/tally-dev-deploy@tally-test.iam.gserviceaccount.com"
      events              = []
    }
  }

  expect_failures = [var.github]
}

run "any_namespace_is_refused" {
  command = plan

  variables {
    kubernetes = {
      namespace              = "*"
      service_account        = "airflow-worker"
      google_service_account = "projects/tally-test/serviceAccounts/tally-dev-orchestrator@tally-test.iam.gserviceaccount.com"
    }
  }

  expect_failures = [var.kubernetes]
}

run "any_account_of_a_namespace_is_refused" {
  command = plan

  variables {
    kubernetes = {
      namespace              = "airflow"
      service_account        = "*"
      google_service_account = "projects/tally-test/serviceAccounts/tally-dev-orchestrator@tally-test.iam.gserviceaccount.com"
    }
  }

  expect_failures = [var.kubernetes]
}

run "an_address_in_place_of_the_deployers_name_is_refused" {
  command = plan

  variables {
    github = {
      repository_id       = "1"
      repository_owner_id = "2"
      service_account     = "tally-dev-deploy@tally-test.iam.gserviceaccount.com"
    }
  }

  expect_failures = [var.github]
}

run "an_address_in_place_of_the_workers_name_is_refused" {
  command = plan

  variables {
    kubernetes = {
      namespace              = "airflow"
      service_account        = "airflow-worker"
      google_service_account = "tally-dev-orchestrator@tally-test.iam.gserviceaccount.com"
    }
  }

  expect_failures = [var.kubernetes]
}
