#!/usr/bin/env bash
# Prints the name of a revision of the service:
#   .cloudbuild/revision.sh stable     the one that has most of the traffic
#   .cloudbuild/revision.sh candidate  the one with the tag `candidate`
#
#   SERVICE  the Cloud Run service
#   REGION   its region
set -euo pipefail
: "${SERVICE:?the Cloud Run service}" "${REGION:?the region of the service}"

traffic=$(gcloud run services describe "$SERVICE" --region="$REGION" \
  --flatten='status.traffic[]' \
  --format='csv[no-heading](status.traffic.percent,status.traffic.revisionName,status.traffic.tag)')
case ${1:-} in
  stable) name=$(awk -F, '$1 > most { most = $1; name = $2 } END { print name }' <<<"$traffic") ;;
  candidate) name=$(awk -F, '$3 == "candidate" { print $2 }' <<<"$traffic") ;;
  *) echo "usage: $0 stable|candidate" >&2 && exit 2 ;;
esac
if [[ -z $name ]]; then
  echo "$SERVICE has no $1 revision; its traffic is: ${traffic:-none}" >&2
  exit 1
fi
echo "$name"
