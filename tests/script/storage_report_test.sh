#!/bin/bash
# The table that `./dev test upstream storage` prints gives the outcome of each case, and each line of the lists has a reason.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v jq >/dev/null || { echo "skipped: jq is not installed"; exit 77; }

fail() {
	echo "$*"
	exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

spec() { # SUITE NAME STATE MESSAGE
	jq --null-input --compact-output --arg suite "$1" --arg name "$2" --arg state "$3" --arg why "$4" '{
		LeafNodeType: "It", LeafNodeText: $name, State: $state, RunTime: 2000000000, Failure: {Message: $why},
		ContainerHierarchyTexts: ["External Storage [Driver: x]", "[Testpattern: Dynamic PV (xfs)] \($suite) [Slow]"]}'
}

{
	spec volumes 'should store data' passed ''
	spec volumes 'should allow exec' failed $'no answer\nfor long'
	spec subpath 'should be kept' skipped 'Driver "x" cannot do it'
	spec subpath 'was not chosen' skipped ''
	spec subpath 'should be lost [Disruptive]' skipped ''
	spec subpath 'hung' timedout 'too late'
} | jq --slurp '[{RunTime: 9000000000, SpecReports: .}]' >"$work/report.json"
printf '%s\n' $'\\[Disruptive\\]\tends the node' $'\\[Windows\\]\tno such node' >"$work/left_out.txt"

jq --raw-output --rawfile left_out "$work/left_out.txt" --from-file tests/upstream/report.jq \
	"$work/report.json" >"$work/table"

says() { # LINE
	grep -qxF -- "$1" "$work/table" || fail "the table lacks: $1$(printf '\n' && cat "$work/table")"
}
says $'volumes\t1\t1\t0\t4'
says $'subpath\t0\t1\t1\t4'
says $'together\t1\t2\t1\t9'
says 'FAILED [Dynamic PV (xfs)] volumes [Slow] should allow exec: no answer'
says 'FAILED [Dynamic PV (xfs)] subpath [Slow] hung: too late'
says 'skipped 1: Driver x cannot do it'
says 'left out 1: \[Disruptive\]: ends the node'
! grep -q 'not chosen\|Windows' "$work/table" || fail "the table names a case that was not selected"

for list in tests/upstream/*.txt; do
	! grep -vP '^[^\t]+\t[^\t]{10,}$' "$list" || fail "$list: a line is not an expression, a tab and a reason"
	grep -E -- "$(sed 's/\t.*//' "$list" | paste -sd '|')" /dev/null || [ $? = 1 ] ||
		fail "$list: an expression cannot be read"
done
echo "the table gives the outcome of each case"
