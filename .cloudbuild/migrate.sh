#!/usr/bin/env bash
# Migrates the database with the new image, before that serves anybody. The code that serves still
# works on the new schema: a migration only adds; what nothing uses any more goes a release later.
#
#   REGION       of the jobs
#   MIGRATE_JOB  the job that migrates
#   ADMIN_JOB    the job that makes an administrator: it gets the image, and does not run
#   IMAGE        by digest; if left out, what dist/image.txt names
set -euo pipefail
: "${REGION:?the region of the jobs}" "${MIGRATE_JOB:?the job that migrates}"
: "${ADMIN_JOB:?the job that makes an administrator}"
cd "$(dirname "$0")/.."
image=${IMAGE:-$(<dist/image.txt)}

gcloud run jobs update "$MIGRATE_JOB" --region="$REGION" --image="$image"
gcloud run jobs execute "$MIGRATE_JOB" --region="$REGION" --wait
gcloud run jobs update "$ADMIN_JOB" --region="$REGION" --image="$image"
