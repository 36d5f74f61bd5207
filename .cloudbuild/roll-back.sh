#!/usr/bin/env bash
# Gives all traffic back to STABLE and takes the tag `candidate` away. By hand, any revision that
# is still there may be STABLE:
#   gcloud run revisions list --service=SERVICE --region=REGION
#
#   SERVICE  the Cloud Run service
#   REGION   its region
#   STABLE   the revision that gets all traffic
set -euo pipefail
: "${SERVICE:?the Cloud Run service}" "${REGION:?the region of the service}"
: "${STABLE:?the revision that gets all traffic}"

# What counts is where the traffic is afterwards: gcloud also fails when the newest revision, which
# gets none, is not well.
gcloud run services update-traffic "$SERVICE" --region="$REGION" --to-revisions="$STABLE=100" \
  --remove-tags=candidate || true
traffic=$(gcloud run services describe "$SERVICE" --region="$REGION" \
  --flatten='status.traffic[]' \
  --format='csv[no-heading](status.traffic.revisionName,status.traffic.percent)' |
  grep -Ev ',0?$') || true
if [[ $traffic != "$STABLE,100" ]]; then
  echo "NOT ROLLED BACK: the traffic of $SERVICE is ${traffic:-nowhere}, not $STABLE,100" >&2
  exit 1
fi
echo "rolled back: $STABLE has all traffic"
