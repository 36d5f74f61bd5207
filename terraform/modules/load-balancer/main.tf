locals {
  names = concat(var.domains, var.candidate_domain == null ? [] : [var.candidate_domain])

  # By name, so that a rule keeps its priority while the set does not change.
  waf_priorities = { for index, rule in sort(var.waf.rules) : rule => 1000 + index }
}

resource "google_compute_global_address" "this" {
  project      = var.project_id
  name         = var.name
  labels       = var.labels
  address_type = "EXTERNAL"
}

resource "google_compute_region_network_endpoint_group" "this" {
  project               = var.project_id
  region                = var.region
  name                  = var.name
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = var.service_name
  }
}

resource "google_compute_backend_service" "this" {
  project               = var.project_id
  name                  = var.name
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.this.id

  backend {
    group = google_compute_region_network_endpoint_group.this.id
  }

  log_config {
    enable      = var.log_sample_rate > 0
    sample_rate = var.log_sample_rate > 0 ? var.log_sample_rate : null
  }
}

resource "google_compute_managed_ssl_certificate" "this" {
  project = var.project_id
  # Other domains need another certificate, which has to be there before the old one goes.
  name = "${var.name}-${substr(sha256(join(",", sort(local.names))), 0, 8)}"

  managed {
    domains = local.names
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "this" {
  project         = var.project_id
  name            = var.name
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_url_map" "https" {
  project         = var.project_id
  name            = var.name
  default_service = google_compute_backend_service.this.id

  dynamic "host_rule" {
    for_each = google_compute_backend_service.candidate
    content {
      hosts        = [var.candidate_domain]
      path_matcher = "candidate"
    }
  }

  dynamic "path_matcher" {
    for_each = google_compute_backend_service.candidate
    content {
      name            = "candidate"
      default_service = path_matcher.value.id
    }
  }
}

resource "google_compute_target_https_proxy" "this" {
  project          = var.project_id
  name             = var.name
  url_map          = google_compute_url_map.https.id
  ssl_certificates = [google_compute_managed_ssl_certificate.this.id]
  ssl_policy       = google_compute_ssl_policy.this.id
}

resource "google_compute_global_forwarding_rule" "https" {
  project               = var.project_id
  name                  = var.name
  labels                = var.labels
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.this.id
}

resource "google_compute_url_map" "redirect" {
  project = var.project_id
  name    = "${var.name}-redirect"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "PERMANENT_REDIRECT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "redirect" {
  project = var.project_id
  name    = "${var.name}-redirect"
  url_map = google_compute_url_map.redirect.id
}

resource "google_compute_global_forwarding_rule" "redirect" {
  project               = var.project_id
  name                  = "${var.name}-redirect"
  labels                = var.labels
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.this.id
  port_range            = "80"
  target                = google_compute_target_http_proxy.redirect.id
}

resource "google_compute_security_policy" "this" {
  project = var.project_id
  name    = var.name
  labels  = var.labels
  type    = "CLOUD_ARMOR"

  advanced_options_config {
    json_parsing = "STANDARD"
  }

  # What matches nothing else: the rule that throttles takes everything, but a policy must have it.
  rule {
    priority    = 2147483647
    action      = "allow"
    description = "The rest"
    preview     = false
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  rule {
    priority    = 2000
    action      = "throttle"
    description = "So many requests an address"
    preview     = false
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = var.rate_limit.requests
        interval_sec = var.rate_limit.interval_s
      }
    }
  }

  dynamic "rule" {
    for_each = local.waf_priorities
    content {
      priority    = rule.value
      action      = "deny(403)"
      description = rule.key
      preview     = var.waf.preview
      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.key}', {'sensitivity': ${var.waf.sensitivity}})"
        }
      }
    }
  }

  rule {
    priority    = 900
    action      = "deny(403)"
    description = "Log4j and its like"
    preview     = false
    match {
      expr {
        expression = "evaluatePreconfiguredWaf('cve-canary')"
      }
    }
  }
}
