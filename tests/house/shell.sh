#!/bin/bash
# Every shell script is clean by shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v shellcheck >/dev/null || { echo "skipped: shellcheck is not installed (./dev lint installs it)"; exit 77; }
mapfile -t scripts < <(git grep -lIE '^#!/bin/(ba)?sh' -- . ':!charts')
shellcheck -x "${scripts[@]}"
echo "${#scripts[@]} scripts are clean"
