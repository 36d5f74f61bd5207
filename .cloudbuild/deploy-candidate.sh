#!/usr/bin/env bash
# Deploys the image as a revision without traffic, tagged `candidate`.
#
#   SERVICE  the Cloud Run service, which Terraform has made
#   REGION   its region
#   STABLE   the revision that has the traffic now (revision.sh stable)
#   IMAGE    by digest; if left out, what dist/image.txt names
set -euo pipefail
: "${SERVICE:?the Cloud Run service}" "${REGION:?the region of the service}"
: "${STABLE:?the revision that has the traffic now}"
cd "$(dirname "$0")/.."
image=${IMAGE:-$(<dist/image.txt)}

# A deployment that was killed may have left the traffic split.
gcloud run services update-traffic "$SERVICE" --region="$REGION" --to-revisions="$STABLE=100"
# `update` and not `deploy`, which would make a service of its own where Terraform's is missing.
gcloud run services update "$SERVICE" --region="$REGION" --image="$image" --no-traffic
# With --tag above, gcloud would give the revision a name in the service's template, which Terraform
# would want to take away again with each plan (hashicorp/terraform-provider-google #13410).
name=$(gcloud run services describe "$SERVICE" --region="$REGION" \
  --format='value(status.latestReadyRevisionName)')
gcloud run services update-traffic "$SERVICE" --region="$REGION" --update-tags="candidate=$name"
