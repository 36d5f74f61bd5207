#!/usr/bin/env bash
# Asks the candidate, before anybody else does: has it started, does Postgres answer it, are
# strangers kept out?
#
#   CANDIDATE_URL  where the revision with the tag `candidate` answers
#   SERVICE        the Cloud Run service; where it is not public, an id token for it is got
#   REGION         its region
#   SMOKE_RETRIES  how often what is away is asked again, after 1, 2, 4 … s; 5 if left out
set -euo pipefail
: "${CANDIDATE_URL:?where the revision with the tag candidate answers}"
: "${SERVICE:?the Cloud Run service}" "${REGION:?the region of the service}"
token=

status_of() {
  curl --silent --show-error --output /dev/null --write-out '%{http_code}' \
    --max-time 30 --retry "${SMOKE_RETRIES:-5}" --retry-connrefused \
    --config <([[ -z $token ]] || echo "header = \"X-Serverless-Authorization: Bearer $token\"") \
    "$CANDIDATE_URL$1"
}

expect() {
  local status
  status=$(status_of "$2") || true
  if [[ $status != "$1" ]]; then
    echo "$2 answered $status, not $1 ($3)" >&2
    exit 1
  fi
  echo "$2: $status ($3)"
}

# Whoever is not let in by Cloud Run never gets as far as the application, which lets all ask this.
if [[ $(status_of /health/startup || true) == 40[13] ]]; then
  url=$(gcloud run services describe "$SERVICE" --region="$REGION" --format='value(status.url)')
  # A person's own account takes no audience.
  token=$(gcloud auth print-identity-token --audiences="$url" || gcloud auth print-identity-token)
fi
expect 200 /health/startup "it has started"
expect 200 /health/ready "Postgres answers it"
expect 401 /v1/orders "strangers are kept out"
