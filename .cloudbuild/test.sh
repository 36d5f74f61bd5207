#!/usr/bin/env bash
# What must hold before anything is built: format, lint, types and the tests, on a Postgres of
# their own. Needs Python with pip.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v uv >/dev/null || python3 -m pip install --quiet --root-user-action=ignore uv
uv sync --locked --quiet
uv run poe check
