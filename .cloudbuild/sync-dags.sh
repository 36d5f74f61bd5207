#!/usr/bin/env bash
# Brings DAGs and SQL files to whatever runs them, and takes away what is no longer in the
# repository. The sources of the workflows are Terraform's.
#
#   DAGS        gs://BUCKET/dags of Composer; empty where Composer is not used
#   SQL_BUCKET  the bucket that the workflows read dags/sql from; empty where they are not used
set -euo pipefail
: "${DAGS?gs://BUCKET/dags of Composer, or empty}" "${SQL_BUCKET?the bucket of the SQL files, or empty}"
cd "$(dirname "$0")/.."
# Composer keeps a DAG of its own there. An expression must not begin with ^, by which gcloud would
# take it for a list; they are matched from the beginning of a path all the same.
exclude='README\.md$|workflows/|(.*/)?__pycache__/|airflow_monitoring\.py$'

sync() {
  gcloud storage rsync "$1" "$2" --recursive --delete-unmatched-destination-objects \
    --exclude="$exclude"
}

if [[ -n $DAGS ]]; then
  sync dags "$DAGS"
fi
if [[ -n $SQL_BUCKET ]]; then
  sync dags/sql "gs://$SQL_BUCKET"
fi
