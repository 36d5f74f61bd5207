variables {
  project_id  = "acme-orders-dev"
  environment = "dev"
}

run "names_are_stable" {
  command = plan

  assert {
    condition = output.names == {
      network = "tally-dev"
      api     = "tally-dev-api"
      migrate = "tally-dev-migrate"
      admin   = "tally-dev-admin"
      functions = {
        load_orders      = "tally-dev-load-orders"
        reconcile_orders = "tally-dev-reconcile-orders"
        maintain_orders  = "tally-dev-maintain-orders"
      }
      accounts = {
        api          = "tally-dev-api"
        loader       = "tally-dev-loader"
        migrate      = "tally-dev-migrate"
        orchestrator = "tally-dev-orchestrator"
        scheduler    = "tally-dev-scheduler"
        deploy       = "tally-dev-deploy"
        build        = "tally-dev-build"
      }
      instance = "tally-dev-postgres"
      database = "tally"
      dataset  = "analytics"
      buckets = {
        source    = "acme-orders-dev-tally-dev-source"
        sql       = "acme-orders-dev-tally-dev-sql"
        snapshots = "acme-orders-dev-tally-dev-snapshots"
      }
      secrets = {
        jwt_keys        = "tally-dev-jwt-keys"
        admin_password  = "tally-dev-admin-password"
        datadog_api_key = "tally-dev-datadog-api-key"
      }
      repository    = "tally-dev"
      alerts        = "tally-dev-alerts"
      composer      = "tally-dev"
      load_balancer = "tally-dev"
      identity_pool = "tally-dev-deploy"
      workflows = {
        daily    = "tally-dev-daily"
        maintain = "tally-dev-maintain"
      }
    }
    error_message = "A name changed: Terraform would destroy what has it and make it anew."
  }

  assert {
    condition     = output.prefix == "tally-dev"
    error_message = "The prefix changed."
  }

  assert {
    condition     = output.labels == { application = "tally", environment = "dev", managed_by = "terraform" }
    error_message = "The labels changed."
  }
}

run "the_longest_names_fit" {
  command = plan

  variables {
    name        = "abcdefghij"
    environment = "abcdef"
    project_id  = "abcdefghijklmnopqrstuvwxyz1234"
  }

  assert {
    condition     = alltrue([for id in values(output.names.accounts) : length(id) <= 30])
    error_message = "A service account's id has 30 characters at most."
  }

  assert {
    condition     = alltrue([for name in values(output.names.buckets) : length(name) <= 63])
    error_message = "A bucket's name has 63 characters at most."
  }

  assert {
    condition     = length("candidate---${output.names.api}-123456789012") <= 63
    error_message = "The first label of the candidate's host has 63 characters at most."
  }

  assert {
    condition     = length(output.names.identity_pool) <= 32
    error_message = "An identity pool's id has 32 characters at most."
  }
}

run "our_labels_win" {
  command = plan

  variables {
    labels = { team = "orders", environment = "prod" }
  }

  assert {
    condition     = output.labels == { team = "orders", application = "tally", environment = "dev", managed_by = "terraform" }
    error_message = "A label of the caller's hides one of ours, or is lost."
  }
}
