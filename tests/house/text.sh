#!/bin/bash
# Small rules of docs/STYLE.md that a machine can see.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0
forbid() { # WHAT PATTERN [PATHSPEC…]
	local what=$1 pattern=$2
	shift 2
	if git grep -nIE "$pattern" -- "$@"; then
		echo "^ $what"
		status=1
	fi
}

forbid 'a // comment is a passing experiment' '(^|[[:space:];{}])//' '*.c' '*.h'
forbid 'no typedef for structs' '^typedef struct' 'lib' 'node-plugin' 'provisioner' 'controller'
forbid 'left to do belongs in an issue' '\b(TODO|FIXME|XXX)\b' '*.c' '*.h' '*.sh' '*.go' dev ':!tests/house/text.sh'
forbid 'a comment that the formatter broke' '^ \*[[:alnum:](]' '*.c' '*.h'
forbid 'CLEANUP stands before the type' '[])a-z0-9_] CLEANUP[A-Z_]*(\([a-z_]+\))? ?(=|;)' '*.c' '*.h'
forbid 'include guards are #pragma once' '^#ifndef [A-Z_]+_H$' '*.h'
if git ls-files | grep -E '(^|/)(utils?|helpers?|common|misc)\.[a-z]+$'; then
	echo "^ a file needs a noun for a name"
	status=1
fi
while read -r header; do
	grep -q '#pragma once' "$header" || { echo "$header: no #pragma once"; status=1; }
done < <(git ls-files -- '*.h')
[ $status -eq 0 ] && echo "the text keeps to docs/STYLE.md"
exit $status
