#!/bin/bash
# docs/WALK.md tells the truth: each `file: name` in it names a file and something defined there.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0
count=0
# shellcheck disable=SC2016  # backquotes are Markdown's
steps() { grep -oE '`[a-z/_-]+\.c: [a-z_0-9]+`' docs/WALK.md | tr -d '`:'; }

while IFS=' ' read -r file name; do
	count=$((count + 1))
	if [ ! -e "$file" ]; then
		echo "docs/WALK.md: no file $file"
		status=1
	elif ! grep -qE "^[a-z].*\b$name\(|^$name\(" "$file"; then
		echo "docs/WALK.md: $file defines no $name"
		status=1
	fi
done < <(steps)
[ "$count" -ge 15 ] || { echo "docs/WALK.md: only $count steps found"; status=1; }
[ $status -eq 0 ] && echo "$count names found where docs/WALK.md says"
exit $status
