#!/usr/bin/env bash
# Gives each function the new source, and nothing else: what it may, has and is, is Terraform's.
# One whose source is unchanged is left alone. A function that cannot be built or started goes on
# with what it has, and those before it get back what they had.
#
#   REGION         of the functions
#   FUNCTIONS      their names, with spaces between
#   SOURCE_BUCKET  the bucket of the archives
set -euo pipefail
: "${REGION:?the region of the functions}" "${FUNCTIONS:?the names of the functions}"
: "${SOURCE_BUCKET:?the bucket of the archives}"
cd "$(dirname "$0")/.."
archive=$(sha256sum dist/functions.zip)
archive=${archive:0:40}
undo=()

field_of() { gcloud functions describe "$1" --region="$REGION" --format="value($2)"; }

source_of() { echo "gs://$SOURCE_BUCKET/functions/$1.zip"; }

deploy() {
  local account
  # Named, or gcloud looks at who may build in the whole project.
  account=$(field_of "$1" buildConfig.serviceAccount)
  # What a function runs is kept as a label: the source that it tells is Google's own copy, which
  # the next deployment writes over (hashicorp/terraform-provider-google #15405).
  gcloud functions deploy "$1" --gen2 --region="$REGION" --source="$(source_of "$2")" \
    --update-labels="archive=$2" --build-service-account="$account" --quiet
}

roll_back() {
  local status=$? change
  trap - EXIT
  for change in ${undo[@]+"${undo[@]}"}; do
    echo "giving ${change%% *} back ${change#* }" >&2
    deploy "${change%% *}" "${change#* }" ||
      echo "NOT ROLLED BACK: ${change%% *} runs the new source" >&2
  done
  exit "$status"
}

gcloud storage cp dist/functions.zip "$(source_of "$archive")" --no-clobber
trap roll_back EXIT
for name in $FUNCTIONS; do
  before=$(field_of "$name" labels.archive)
  state=$(field_of "$name" state)
  if [[ $before == "$archive" && $state == ACTIVE ]]; then
    echo "$name has this source already"
    continue
  fi
  deploy "$name" "$archive"
  # Terraform makes it with an archive of that name, and without the label.
  undo+=("$name ${before:-first}")
done
trap - EXIT
