#!/usr/bin/env bash
# Makes the functions' archive, dist/functions.zip. Needs Python with pip.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v uv >/dev/null || python3 -m pip install --quiet --root-user-action=ignore uv
.cloudbuild/function_archive.py dist/functions.zip
