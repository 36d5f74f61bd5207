#!/usr/bin/env bash
# Brings the image to all users, step by step; when any step fails, everything is as before, and
# this fails. A deployment that was killed midway leaves nothing that stops the next one.
#
#   SERVICE, REGION                                       the Cloud Run service
#   IMAGE                                                 see deploy-candidate.sh
#   CANDIDATE_URL                                         see smoke-candidate.sh
#   CANARY_PERCENT                                        see shift-traffic.sh
#   WATCH_S, MIN_REQUESTS, MAX_ERROR_PERCENT, MAX_P95_MS  see watch_candidate.py
set -euo pipefail
: "${CANARY_PERCENT:?the first share of the candidate, 1 to 99}"
: "${CANDIDATE_URL:?where the revision with the tag candidate answers}"
steps=$(dirname "$0")

step() { printf '\n== %s\n' "$1" && "$steps/$1"; }

roll_back() {
  local status=$?
  trap - EXIT
  [[ $status != 0 ]] || status=1
  echo "the release failed: $STABLE gets the traffic again" >&2
  "$steps/roll-back.sh" >&2 || true
  exit "$status"
}

STABLE=$("$steps/revision.sh" stable)
export STABLE
# A signal ends the step that runs, and then this.
trap roll_back EXIT
trap 'exit 143' TERM INT

step deploy-candidate.sh
CANDIDATE=$("$steps/revision.sh" candidate)
export CANDIDATE
step smoke-candidate.sh
step shift-traffic.sh
step watch_candidate.py
step promote.sh
trap - EXIT
echo "released: $CANDIDATE has all traffic"
