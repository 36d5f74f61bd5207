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
digest=$(sha256sum dist/functions.zip)
source="gs://$SOURCE_BUCKET/functions/${digest%% *}.zip"
undo=()

field_of() { gcloud functions describe "$1" --region="$REGION" --format="value($2)"; }

deploy() {
  local account
  # Named, or gcloud looks at who may build in the whole project.
  account=$(field_of "$1" buildConfig.serviceAccount)
  gcloud functions deploy "$1" --gen2 --region="$REGION" --source="$2" \
    --build-service-account="$account" --quiet
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

gcloud storage cp dist/functions.zip "$source" --no-clobber
trap roll_back EXIT
for name in $FUNCTIONS; do
  bucket=$(field_of "$name" buildConfig.source.storageSource.bucket)
  before="gs://$bucket/$(field_of "$name" buildConfig.source.storageSource.object)"
  if [[ $before == "$source" ]]; then
    echo "$name has this source already"
    continue
  fi
  deploy "$name" "$source"
  undo+=("$name $before")
done
trap - EXIT
