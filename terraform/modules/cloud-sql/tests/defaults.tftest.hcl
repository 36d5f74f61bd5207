mock_provider "google" {
  mock_resource "google_sql_database_instance" {
    override_during = plan
    defaults        = { connection_name = "tally-test:europe-west1:tally-dev" }
  }
}

variables {
  project_id             = "tally-test"
  region                 = "europe-west1"
  name                   = "tally-dev"
  database               = "tally"
  network_id             = "projects/tally-test/global/networks/tally-dev"
  subnetwork_id          = "projects/tally-test/regions/europe-west1/subnetworks/tally-dev"
  private_services_ready = "projects%2Ftally-test%2Fglobal%2Fnetworks%2Ftally-dev:servicenetworking.googleapis.com"
  labels                 = { app = "tally" }
  iam_users = {
    api     = { email = "tally-dev-api@tally-test.iam.gserviceaccount.com" }
    loader  = { email = "tally-dev-loader@tally-test.iam.gserviceaccount.com" }
    migrate = { email = "tally-dev-migrate@tally-test.iam.gserviceaccount.com", roles = ["cloudsqlsuperuser"] }
  }
}

run "nothing_public_and_only_connectors" {
  command = plan

  assert {
    condition = (
      google_sql_database_instance.this.settings[0].ip_configuration[0].ipv4_enabled == false &&
      google_sql_database_instance.this.settings[0].ip_configuration[0].private_network == "projects/tally-test/global/networks/tally-dev" &&
      length(google_sql_database_instance.this.settings[0].ip_configuration[0].authorized_networks) == 0 &&
      length(google_sql_database_instance.this.settings[0].ip_configuration[0].psc_config) == 0
    )
    error_message = "The instance must have an address of the private network, and no other."
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].connector_enforcement == "REQUIRED" && google_sql_database_instance.this.settings[0].ip_configuration[0].ssl_mode == "ENCRYPTED_ONLY"
    error_message = "Only connectors may connect, and only encrypted."
  }

  assert {
    condition     = output.ip_type == "private" && length(google_compute_address.psc) + length(google_compute_forwarding_rule.psc) + length(google_dns_managed_zone.psc) + length(google_dns_record_set.psc) == 0
    error_message = "With the peering there is no endpoint."
  }
}

run "only_service_accounts_are_users_and_none_has_a_password" {
  command = plan

  assert {
    condition = { for key, user in google_sql_user.iam : key => join(" ", concat([user.name, user.type], coalesce(user.database_roles, []))) } == {
      api     = "tally-dev-api@tally-test.iam CLOUD_IAM_SERVICE_ACCOUNT"
      loader  = "tally-dev-loader@tally-test.iam CLOUD_IAM_SERVICE_ACCOUNT"
      migrate = "tally-dev-migrate@tally-test.iam CLOUD_IAM_SERVICE_ACCOUNT cloudsqlsuperuser"
    }
    error_message = "The users must be the service accounts that were named, each with the roles that were named."
  }

  assert {
    condition     = alltrue([for user in google_sql_user.iam : user.password == null && user.password_wo == null && user.deletion_policy == "ABANDON"]) && google_sql_database_instance.this.root_password == null
    error_message = "No user may have a password, and none is dropped: what a user owns stays."
  }

  assert {
    condition = output.db_users == {
      api     = "tally-dev-api@tally-test.iam"
      loader  = "tally-dev-loader@tally-test.iam"
      migrate = "tally-dev-migrate@tally-test.iam"
    }
    error_message = "db_users says under which names the service accounts connect."
  }

  assert {
    condition = { for flag in google_sql_database_instance.this.settings[0].database_flags : flag.name => flag.value } == {
      "cloudsql.iam_authentication" = "on"
      "log_checkpoints"             = "on"
      "log_connections"             = "on"
      "log_disconnections"          = "on"
      "log_lock_waits"              = "on"
      "log_min_error_statement"     = "error"
      "log_statement"               = "ddl"
      "log_temp_files"              = "0"
    }
    error_message = "IAM authentication is on, and who connected and what changed the schema is logged."
  }
}

run "a_standby_backups_and_protection_by_default" {
  command = plan

  assert {
    condition     = [google_sql_database_instance.this.database_version, google_sql_database_instance.this.settings[0].edition, google_sql_database_instance.this.settings[0].tier, google_sql_database_instance.this.settings[0].availability_type] == ["POSTGRES_18", "ENTERPRISE", "db-custom-2-7680", "REGIONAL"]
    error_message = "By default there are two zones and cores of our own, in an edition that is named."
  }

  assert {
    condition = (
      google_sql_database_instance.this.settings[0].backup_configuration[0].enabled &&
      google_sql_database_instance.this.settings[0].backup_configuration[0].point_in_time_recovery_enabled &&
      google_sql_database_instance.this.settings[0].backup_configuration[0].transaction_log_retention_days == 7 &&
      google_sql_database_instance.this.settings[0].backup_configuration[0].backup_retention_settings[0].retained_backups == 14
    )
    error_message = "Fourteen backups are kept, and the last seven days can be restored to any moment."
  }

  assert {
    condition = (
      google_sql_database_instance.this.settings[0].disk_size == 10 && google_sql_database_instance.this.settings[0].disk_type == "PD_SSD" &&
      google_sql_database_instance.this.settings[0].disk_autoresize && google_sql_database_instance.this.settings[0].disk_autoresize_limit == 0
    )
    error_message = "The disk must grow by itself: without that, one that has grown would be replaced by the smaller one that is written here."
  }

  assert {
    condition     = google_sql_database_instance.this.deletion_protection && google_sql_database_instance.this.settings[0].deletion_protection_enabled
    error_message = "Neither Terraform nor Google may delete the instance."
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].final_backup_config[0].enabled && google_sql_database_instance.this.settings[0].retain_backups_on_delete && google_sql_database.this.deletion_policy == "ABANDON"
    error_message = "What was in a deleted instance can still be restored."
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].insights_config[0].query_insights_enabled && !google_sql_database_instance.this.settings[0].insights_config[0].record_client_address
    error_message = "Query Insights is on, without the clients' addresses."
  }
}

run "names_are_those_that_were_given" {
  command = plan

  assert {
    condition     = [google_sql_database_instance.this.name, output.database, output.instance_name, output.connection_name] == ["tally-dev", "tally", "tally-dev", "tally-test:europe-west1:tally-dev"]
    error_message = "Instance and database have the names that they were given."
  }
}

run "an_endpoint_and_its_name_with_private_service_connect" {
  command = plan

  override_resource {
    target          = google_sql_database_instance.this
    override_during = plan
    values = {
      dns_name                    = "1a23b4cd5e67.1a2b345c6d27.europe-west1.sql.goog."
      psc_service_attachment_link = "projects/tenant/regions/europe-west1/serviceAttachments/a-1a23b4cd5e67-psc-service-attachment-1a2b345c6d27"
    }
  }
  override_resource {
    target          = google_compute_address.psc
    override_during = plan
    values = {
      address   = "10.10.0.7"
      self_link = "https://www.googleapis.com/compute/v1/projects/tally-test/regions/europe-west1/addresses/tally-dev-psc"
    }
  }

  variables {
    database_access        = "psc"
    private_services_ready = ""
  }

  assert {
    condition = (
      google_sql_database_instance.this.settings[0].ip_configuration[0].ipv4_enabled == false &&
      google_sql_database_instance.this.settings[0].ip_configuration[0].private_network == null &&
      [for psc in google_sql_database_instance.this.settings[0].ip_configuration[0].psc_config : jsonencode([psc.psc_enabled, psc.allowed_consumer_projects])] == ["[true,[\"tally-test\"]]"]
    )
    error_message = "The instance must have no address, and let in endpoints of its own project only."
  }

  assert {
    condition = (
      google_compute_address.psc[0].address_type == "INTERNAL" && google_compute_address.psc[0].subnetwork == var.subnetwork_id &&
      google_compute_forwarding_rule.psc[0].ip_address == google_compute_address.psc[0].self_link && google_compute_forwarding_rule.psc[0].network == var.network_id &&
      google_compute_forwarding_rule.psc[0].target == google_sql_database_instance.this.psc_service_attachment_link && google_compute_forwarding_rule.psc[0].load_balancing_scheme == "" &&
      google_compute_forwarding_rule.psc[0].recreate_closed_psc
    )
    error_message = "The endpoint is an address of the subnet that leads to the instance."
  }

  assert {
    condition = (
      google_dns_managed_zone.psc[0].dns_name == "1a23b4cd5e67.1a2b345c6d27.europe-west1.sql.goog." && google_dns_managed_zone.psc[0].visibility == "private" &&
      google_dns_record_set.psc[0].name == "1a23b4cd5e67.1a2b345c6d27.europe-west1.sql.goog." && google_dns_record_set.psc[0].rrdatas == tolist(["10.10.0.7"])
    )
    error_message = "The name by which connectors look for the instance must lead to the endpoint, within the network."
  }

  assert {
    condition     = output.ip_type == "psc"
    error_message = "Connectors must be told to take the endpoint."
  }
}
