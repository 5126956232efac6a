#!/bin/bash
# Formatting is the formatter's business: nothing is left to argue about.
set -euo pipefail
cd "$(dirname "$0")/../.."
formatter=$(command -v clang-format-14 || true)
[ -n "$formatter" ] || { echo "skipped: clang-format-14 is not installed (./dev lint installs it)"; exit 77; }
git ls-files -- '*.c' '*.h' | xargs "$formatter" --dry-run -Werror
echo "all sources are formatted (./dev fmt)"
