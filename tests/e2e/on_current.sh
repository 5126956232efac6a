#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The demo's steps on a cluster that somebody has already, with kentledge installed there: they pass
# in a namespace of their own, which is gone afterwards, and what was there stays.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	local before
	use_kentledge
	needs expect jq
	before=$(kubectl get daemonset,deployment --namespace default -o name)
	"$ROOT/tests/demo/demo" --on-current >"$WORK/demo" 2>&1 || {
		tail -n 100 "$WORK/demo"
		fail "the demo on the current cluster"
	}
	grep -E '^(✓|✗|all)' "$WORK/demo"
	grep -qE '^all [0-9]+ steps passed' "$WORK/demo" || fail "the summary does not say that all passed"
	ok "all steps passed"
	must 60 "the demo's namespace is gone" none namespace fieldSelector=metadata.name=kentledge-demo
	[ "$before" = "$(kubectl get daemonset,deployment --namespace default -o name)" ] ||
		fail "kentledge, which was there before, was changed"
	ok "kentledge, which was there before, is still there"
}

main
