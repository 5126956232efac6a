#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One claim's way, as docs/WALK.md tells it: the lines that the programs log about it, brought
# together by their times, stand in that order.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

# Events of docs/WALK.md in their order, as `event` in its lines that begin with "log:".
# shellcheck disable=SC2016 # backquotes are Markdown's
events_of_the_walk() {
	sed -n 's/^log: *`event="\([^"]*\)"`.*/\1/p' "$ROOT/docs/WALK.md"
}

main() {
	local claim=www-walk-0 volume
	use_kentledge
	needs_own_sets
	events_of_the_walk >"$WORK/expected"
	[ "$(wc -l <"$WORK/expected")" -ge 5 ] || fail "docs/WALK.md names too few log lines"
	sed -e 's/name: web$/name: walk/' -e 's/replicas: 2/replicas: 1/' "$ROOT/tests/demo/web.yaml" | apply
	must 90 "the pod runs" pod_is_ready walk-0
	volume=$(volume_of "$claim")
	kubectl delete statefulset walk >/dev/null
	must 60 "the pod is gone" none pods labelSelector=app=nginx
	kubectl delete pvc "$claim" --wait=false >/dev/null
	must 60 "the volume is gone" volume_is_gone "$volume"
	lines_about "$NAMESPACE/$claim" "$volume" "$NAMESPACE/walk-0" >"$WORK/lines"
	sed 's/^/  /' "$WORK/lines"
	stand_in_order
}

lines_about() { # CLAIM VOLUME POD
	local object
	for object in deployment/kentledge-controller deployment/kentledge-provisioner "$NODE_PLUGIN"; do
		log_of "$object"
	done | grep -E "claim=$1( |\$)|volume=$2( |\$)|pod=$3( |\$)" | sort
}

# Each event is looked for behind the one before it.
stand_in_order() {
	local event line=0 next
	while read -r event; do
		next=$(awk -v from="$line" -v event="event=\"$event\"" \
			'NR > from && index($0, event) { print NR; exit }' "$WORK/lines")
		[ -n "$next" ] || fail "\"$event\" does not come (after line $line)"
		ok "\"$event\""
		line=$next
	done <"$WORK/expected"
}

main
