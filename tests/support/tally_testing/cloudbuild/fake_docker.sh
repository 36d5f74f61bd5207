#!/bin/sh
# Stands in for docker: notes each call in the file DOCKER_CALLS.
echo "$*" >>"$DOCKER_CALLS"
case "$*" in
"${DOCKER_FAILS:-nothing}"*) exit 1 ;;
"image inspect"*) echo "registry/api@sha256:0123" ;;
esac
