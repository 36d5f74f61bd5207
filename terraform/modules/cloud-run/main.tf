locals {
  ingress = {
    all                          = "INGRESS_TRAFFIC_ALL"
    internal                     = "INGRESS_TRAFFIC_INTERNAL_ONLY"
    "internal-and-load-balancer" = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  }

  agent = var.datadog == null ? {} : { datadog = var.datadog }
  # The agent names what it sends by the same tags as the application.
  agent_env = merge(
    { for key, value in var.env : key => value if contains(["DD_ENV", "DD_SERVICE", "DD_VERSION"], key) },
    var.datadog == null ? {} : { DD_SITE = var.datadog.site, DD_HEALTH_PORT = "5555" },
  )
}

resource "google_cloud_run_v2_service" "this" {
  project             = var.project_id
  location            = var.region
  name                = var.name
  labels              = var.labels
  ingress             = local.ingress[var.ingress]
  deletion_protection = var.deletion_protection

  # Of the whole service: while two revisions share the traffic, their instances share Postgres too.
  scaling {
    min_instance_count = var.min_instances
    max_instance_count = var.max_instances
  }

  dynamic "binary_authorization" {
    for_each = var.binary_authorization ? [true] : []
    content {
      use_default = true
    }
  }

  template {
    service_account                  = var.service_account_email
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = var.concurrency
    timeout                          = "${var.timeout_s}s"
    session_affinity                 = false

    scaling {
      max_instance_count = var.max_instances
    }

    dynamic "vpc_access" {
      for_each = var.vpc == null ? [] : [var.vpc]
      content {
        egress = "PRIVATE_RANGES_ONLY"
        network_interfaces {
          network    = vpc_access.value.network
          subnetwork = vpc_access.value.subnetwork
        }
      }
    }

    containers {
      name  = "app"
      image = var.image

      ports {
        container_port = 8080
      }

      resources {
        limits            = { cpu = var.cpu, memory = var.memory }
        cpu_idle          = !var.cpu_always
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = var.env
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secret_env
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = env.value.version
            }
          }
        }
      }

      startup_probe {
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 60
        http_get {
          path = var.probes.startup
          port = 8080
        }
      }

      # Killing an instance breaks off what it does: only one that has hung for long is killed.
      liveness_probe {
        period_seconds    = 15
        timeout_seconds   = 5
        failure_threshold = 4
        http_get {
          path = var.probes.liveness
          port = 8080
        }
      }

      dynamic "readiness_probe" {
        for_each = var.probes.readiness == null ? [] : [var.probes.readiness]
        content {
          period_seconds    = 10
          timeout_seconds   = 5
          failure_threshold = 3
          success_threshold = 1
          http_get {
            path = readiness_probe.value
            port = 8080
          }
        }
      }
    }

    # Last: what Cloud Run attaches by itself goes to the first container. The application does not
    # wait for it.
    dynamic "containers" {
      for_each = local.agent
      content {
        name  = "datadog"
        image = containers.value.image

        resources {
          limits   = { cpu = "1", memory = "512Mi" }
          cpu_idle = !var.cpu_always
        }

        dynamic "env" {
          for_each = local.agent_env
          content {
            name  = env.key
            value = env.value
          }
        }

        env {
          name = "DD_API_KEY"
          value_source {
            secret_key_ref {
              secret  = containers.value.api_key.secret
              version = containers.value.api_key.version
            }
          }
        }

        startup_probe {
          period_seconds    = 5
          timeout_seconds   = 2
          failure_threshold = 24
          tcp_socket {
            port = 5555
          }
        }
      }
    }
  }

  lifecycle {
    # Image and traffic belong to the deployment; the rest is what gcloud stamps on its way.
    ignore_changes = [
      annotations,
      client,
      client_version,
      template[0].annotations,
      template[0].containers[0].image,
      template[0].labels,
      traffic,
    ]

    precondition {
      condition     = var.min_instances <= var.max_instances
      error_message = "min_instances (${var.min_instances}) is more than max_instances (${var.max_instances})."
    }
    precondition {
      condition     = !var.public.enabled || var.ingress != "internal"
      error_message = "public.enabled with ingress = \"internal\" reaches nobody; choose all or internal-and-load-balancer."
    }
  }
}
