#!/usr/bin/env bash
# Gives the candidate a share of the traffic; STABLE keeps the rest.
#
#   SERVICE         the Cloud Run service
#   REGION          its region
#   STABLE          the revision that had all of it
#   CANDIDATE       the revision that gets the share
#   CANARY_PERCENT  the share, 1 to 99
set -euo pipefail
: "${SERVICE:?the Cloud Run service}" "${REGION:?the region of the service}"
: "${STABLE:?the revision that had the traffic}" "${CANDIDATE:?the revision that gets a share}"
: "${CANARY_PERCENT:?the share of the candidate, 1 to 99}"

gcloud run services update-traffic "$SERVICE" --region="$REGION" \
  --to-revisions="$CANDIDATE=$CANARY_PERCENT,$STABLE=$((100 - CANARY_PERCENT))"
