terraform {
  required_version = ">= 1.11"

  # The bucket is given once: terraform init -backend-config=bucket=…
  backend "gcs" {
    prefix = "tally/dev"
  }

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.26, < 8.0"
    }
    random = {
      source  = "hashicorp/random"
      version = ">= 3.7, < 4.0"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
  # Some APIs, such as that of budgets, ask which project's quota a person's call counts against.
  user_project_override = true
  billing_project       = var.project_id
}
