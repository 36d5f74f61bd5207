#!/usr/bin/env bash
# Gives all traffic to the latest revision, which must be the candidate. From then on each new
# revision has the traffic at once, as Terraform expects when it changes a setting.
#
#   SERVICE    the Cloud Run service
#   REGION     its region
#   CANDIDATE  the revision that was watched
set -euo pipefail
: "${SERVICE:?the Cloud Run service}" "${REGION:?the region of the service}"
: "${CANDIDATE:?the revision that was watched}"

latest=$(gcloud run services describe "$SERVICE" --region="$REGION" \
  --format='value(status.latestReadyRevisionName)')
if [[ $latest != "$CANDIDATE" ]]; then
  echo "$latest was deployed while $CANDIDATE was watched: nobody has tried it" >&2
  exit 1
fi
gcloud run services update-traffic "$SERVICE" --region="$REGION" --to-latest \
  --remove-tags=candidate
