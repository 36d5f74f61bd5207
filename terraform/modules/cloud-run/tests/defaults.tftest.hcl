# Every run is a plan. What Terraform asks Google for by default is private, bounded and protected.
mock_provider "google" {}

variables {
  project_id            = "tally-test"
  region                = "europe-west1"
  name                  = "tally-api"
  image                 = "gcr.io/cloudrun/hello"
  service_account_email = "tally-api@tally-test.iam.gserviceaccount.com"
}

run "nobody_may_call_it" {
  command = plan

  assert {
    condition = length(concat(
      values(google_cloud_run_v2_service_iam_member.invokers),
      values(google_cloud_run_v2_service_iam_member.developers),
      google_cloud_run_v2_service_iam_member.public[*],
    )) == 0
    error_message = "Somebody was granted a role."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    error_message = "Requests from outside are let in."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.invoker_iam_disabled != true
    error_message = "Google does not check who calls."
  }
}

run "it_is_protected_bounded_and_free_when_idle" {
  command = plan

  assert {
    condition     = google_cloud_run_v2_service.this.deletion_protection == true
    error_message = "Terraform may delete the service."
  }
  assert {
    condition = (
      google_cloud_run_v2_service.this.scaling[0].min_instance_count == 0
      && google_cloud_run_v2_service.this.scaling[0].max_instance_count == 10
      && google_cloud_run_v2_service.this.template[0].scaling[0].max_instance_count == 10
    )
    error_message = "Instances are not 0 to 10, for the service and for a revision."
  }
  assert {
    condition = (
      google_cloud_run_v2_service.this.template[0].containers[0].resources[0].cpu_idle == true
      && google_cloud_run_v2_service.this.template[0].containers[0].resources[0].startup_cpu_boost == true
      && google_cloud_run_v2_service.this.template[0].containers[0].resources[0].limits == tomap({ cpu = "1", memory = "1Gi" })
    )
    error_message = "An instance is not 1 CPU that idles, boosted at the start, with 1Gi."
  }
  assert {
    condition     = length(google_cloud_run_v2_service.this.binary_authorization) == 0
    error_message = "Binary Authorization is on though nobody asked for it."
  }
}

run "it_is_one_container_with_the_apps_port_and_probes" {
  command = plan

  assert {
    condition     = [for container in google_cloud_run_v2_service.this.template[0].containers : container.name] == ["app"]
    error_message = "There is not just the application."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.template[0].containers[0].ports[0].container_port == 8080
    error_message = "The port is not 8080."
  }
  assert {
    condition = {
      startup   = google_cloud_run_v2_service.this.template[0].containers[0].startup_probe[0].http_get[0].path
      liveness  = google_cloud_run_v2_service.this.template[0].containers[0].liveness_probe[0].http_get[0].path
      readiness = google_cloud_run_v2_service.this.template[0].containers[0].readiness_probe[0].http_get[0].path
      } == {
      startup   = "/health/startup"
      liveness  = "/health/live"
      readiness = "/health/ready"
    }
    error_message = "The probes ask other paths than the application has."
  }
  assert {
    condition     = google_cloud_run_v2_service.this.template[0].service_account == var.service_account_email
    error_message = "It runs as another account."
  }
  assert {
    condition     = length(google_cloud_run_v2_service.this.template[0].vpc_access) == 0
    error_message = "It is in a network though none was given."
  }
}

run "names_are_those_given" {
  command = plan

  assert {
    condition = (
      google_cloud_run_v2_service.this.name == "tally-api"
      && output.name == "tally-api"
      && output.location == "europe-west1"
    )
    error_message = "The service has another name or place."
  }
}
