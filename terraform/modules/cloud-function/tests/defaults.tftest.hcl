# Every run is a plan.
mock_provider "google" {
  mock_resource "google_cloudfunctions2_function" {
    override_during = plan
    defaults = {
      service_config = { uri = "https://tally-load-orders-abc.a.run.app" }
    }
  }
}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-load-orders"
  entry_point           = "load_orders"
  source_archive        = { bucket = "tally-test-source", object = "first.zip" }
  build_service_account = "projects/tally-test/serviceAccounts/build@tally-test.iam.gserviceaccount.com"
  service_account_email = "loader@tally-test.iam.gserviceaccount.com"
}

run "nobody_may_call_it_and_nothing_from_outside_reaches_it" {
  command = plan

  assert {
    condition = (
      length(google_cloud_run_v2_service_iam_member.invokers) == 0
      && length(google_cloudfunctions2_function_iam_member.developers) == 0
    )
    error_message = "Somebody was granted a role."
  }
  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
    error_message = "Requests from outside are let in."
  }
}

run "it_takes_one_request_an_instance_and_three_instances" {
  command = plan

  assert {
    condition = (
      google_cloudfunctions2_function.this.service_config[0].max_instance_request_concurrency == 1
      && google_cloudfunctions2_function.this.service_config[0].max_instance_count == 3
    )
    error_message = "It takes another number of requests."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.this.service_config[0].available_cpu == "1"
      && google_cloudfunctions2_function.this.service_config[0].available_memory == "1Gi"
      && google_cloudfunctions2_function.this.service_config[0].timeout_seconds == 540
    )
    error_message = "An instance is not 1 CPU with 1Gi for 540 s."
  }
  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].binary_authorization_policy == null
    error_message = "Binary Authorization is on though nobody asked for it."
  }
}

run "it_is_built_and_runs_as_the_accounts_given" {
  command = plan

  assert {
    condition = (
      google_cloudfunctions2_function.this.build_config[0].service_account == var.build_service_account
      && google_cloudfunctions2_function.this.service_config[0].service_account_email == var.service_account_email
    )
    error_message = "It is built or runs as another account."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.this.build_config[0].runtime == "python313"
      && google_cloudfunctions2_function.this.build_config[0].entry_point == "load_orders"
    )
    error_message = "It is another function, or another Python."
  }
}

run "its_service_has_its_name" {
  command = plan

  assert {
    condition     = output.name == "tally-load-orders" && output.service_name == "tally-load-orders"
    error_message = "Function or service have another name."
  }
}
