#!/bin/sh
# Builds the API's image, its layers cached in the registry, and pushes it:
#   REPOSITORY:TAG       what is deployed; Cloud Build signs where it comes from
#   REPOSITORY:TAG-sbom  the same image with BuildKit's SBOM and provenance, which lie beside it in
#                        an index: a daemon holds no index, and Cloud Build signs what one pushed
# What is deployed is named by its digest in dist/image.txt.
#
#   REPOSITORY    the image without a tag
#   TAG           the tag
#   PYTHON_IMAGE  the base image
#
# For sh: the image that has docker has no bash.
set -eu
: "${REPOSITORY:?the image without a tag}" "${TAG:?the tag of the image}"
: "${PYTHON_IMAGE:?the base image, such as python:3.13-slim}"
cd "$(dirname "$0")/.."

build() {
  docker buildx build --builder tally --file services/api/Dockerfile \
    --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" \
    --cache-from "type=registry,ref=$REPOSITORY:cache" "$@" .
}

# Docker's own builder can neither keep a cache in a registry nor make attestations.
docker buildx inspect tally >/dev/null 2>&1 ||
  docker buildx create --name tally --driver docker-container
build --tag "$REPOSITORY:$TAG-sbom" --push --sbom=true --provenance=mode=max \
  --cache-to "type=registry,ref=$REPOSITORY:cache,mode=max,image-manifest=true,oci-mediatypes=true"
build --tag "$REPOSITORY:$TAG" --load --provenance=false
docker push "$REPOSITORY:$TAG"

mkdir -p dist
docker image inspect --format '{{index .RepoDigests 0}}' "$REPOSITORY:$TAG" >dist/image.txt
cat dist/image.txt
