mock_provider "google" {
  mock_resource "google_compute_network" {
    override_during = plan
    defaults        = { id = "projects/tally-test/global/networks/tally-dev" }
  }
  mock_resource "google_compute_subnetwork" {
    override_during = plan
    defaults        = { id = "projects/tally-test/regions/europe-west1/subnetworks/tally-dev" }
  }
  mock_resource "google_service_networking_connection" {
    override_during = plan
    defaults        = { id = "projects%2Ftally-test%2Fglobal%2Fnetworks%2Ftally-dev:servicenetworking.googleapis.com" }
  }
}

variables {
  project_id = "tally-test"
  region     = "europe-west1"
  name       = "tally-dev"
}

run "one_subnet_without_a_way_in" {
  command = plan

  assert {
    condition     = google_compute_network.this.name == "tally-dev" && !google_compute_network.this.auto_create_subnetworks
    error_message = "The network has the name that it was given, and no subnet but ours."
  }

  assert {
    condition = (
      google_compute_subnetwork.this.ip_cidr_range == "10.10.0.0/24" && google_compute_subnetwork.this.region == "europe-west1" &&
      google_compute_subnetwork.this.name == "tally-dev" && google_compute_subnetwork.this.private_ip_google_access
    )
    error_message = "The subnet must reach Google's APIs without a public address."
  }

  assert {
    condition     = google_compute_subnetwork.this.log_config[0].flow_sampling == 0.5 && google_compute_subnetwork.this.log_config[0].metadata == "INCLUDE_ALL_METADATA"
    error_message = "Half of the flows are logged, with who they belong to."
  }

  assert {
    condition = (
      google_compute_firewall.deny_ingress.direction == "INGRESS" && google_compute_firewall.deny_ingress.priority == 65534 && google_compute_firewall.deny_ingress.source_ranges == toset(["0.0.0.0/0"]) &&
      [for rule in google_compute_firewall.deny_ingress.deny : rule.protocol] == ["all"] && length(google_compute_firewall.deny_ingress.allow) == 0 &&
      length(google_compute_firewall.deny_ingress.log_config) == 1
    )
    error_message = "Whatever calls into the network must be refused, and logged, after all rules that somebody adds."
  }
}

run "no_endpoint_for_run_app_by_default" {
  command = plan

  assert {
    condition = (
      length(google_compute_global_address.run_app) + length(google_compute_global_forwarding_rule.run_app) +
      length(google_dns_managed_zone.run_app) + length(google_dns_record_set.run_app) == 0
    )
    error_message = "It costs money, and only Composer needs it."
  }
}

run "calls_to_run_app_stay_in_the_network" {
  command = plan

  variables {
    run_app_address = "10.11.0.2"
  }

  assert {
    condition = (
      google_compute_global_address.run_app[0].address == "10.11.0.2" && google_compute_global_address.run_app[0].address_type == "INTERNAL" &&
      google_compute_global_address.run_app[0].purpose == "PRIVATE_SERVICE_CONNECT"
    )
    error_message = "The endpoint has the address that it was given."
  }

  assert {
    condition = (
      google_compute_global_forwarding_rule.run_app[0].target == "all-apis" && google_compute_global_forwarding_rule.run_app[0].name == "tallydev" &&
      google_compute_global_forwarding_rule.run_app[0].network == "projects/tally-test/global/networks/tally-dev"
    )
    error_message = "The endpoint answers for Google's APIs, and its name has letters and digits only."
  }

  assert {
    condition = (
      google_dns_managed_zone.run_app[0].visibility == "private" && google_dns_managed_zone.run_app[0].dns_name == "run.app." &&
      [for network in google_dns_managed_zone.run_app[0].private_visibility_config[0].networks : network.network_url] == ["projects/tally-test/global/networks/tally-dev"]
    )
    error_message = "The zone must be seen from this network only."
  }

  assert {
    condition = (
      google_dns_record_set.run_app[0].name == "*.run.app." && google_dns_record_set.run_app[0].type == "A" &&
      toset(google_dns_record_set.run_app[0].rrdatas) == toset(["10.11.0.2"])
    )
    error_message = "Every name of run.app must lead to the endpoint."
  }
}

run "a_peering_to_cloud_sql_by_default" {
  command = plan

  assert {
    condition = (
      google_compute_global_address.services[0].name == "tally-dev-services" && google_compute_global_address.services[0].prefix_length == 20 &&
      google_compute_global_address.services[0].purpose == "VPC_PEERING" && google_compute_global_address.services[0].address_type == "INTERNAL"
    )
    error_message = "A /20 of private addresses is kept for Google's services."
  }

  assert {
    condition = (
      google_service_networking_connection.services[0].reserved_peering_ranges == tolist(["tally-dev-services"]) &&
      google_service_networking_connection.services[0].deletion_policy == "ABANDON" && google_service_networking_connection.services[0].update_on_creation_fail
    )
    error_message = "The connection must be left to Google when the network goes: it cannot be deleted for days."
  }

  assert {
    condition = [output.network_id, output.subnetwork_id, output.private_services_ready] == [
      "projects/tally-test/global/networks/tally-dev",
      "projects/tally-test/regions/europe-west1/subnetworks/tally-dev",
      "projects%2Ftally-test%2Fglobal%2Fnetworks%2Ftally-dev:servicenetworking.googleapis.com",
    ]
    error_message = "The outputs name the network, its subnet and the connection to wait for."
  }
}

run "no_peering_with_private_service_connect" {
  command = plan

  variables {
    database_access = "psc"
  }

  assert {
    condition     = length(google_compute_global_address.services) + length(google_service_networking_connection.services) == 0 && output.private_services_ready == ""
    error_message = "Private Service Connect needs neither range nor peering, and nobody has to wait for one."
  }
}
