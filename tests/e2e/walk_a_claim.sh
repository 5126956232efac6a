#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One claim's way, as docs/WALK.md tells it: what each of the programs logs about it stands in that
# order. Between programs no clock tells it: a pod can be on its way before its maker has said so.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

# Events of docs/WALK.md in their order, as `event` in its lines that begin with "log:".
# shellcheck disable=SC2016 # backquotes are Markdown's
events_of_the_walk() {
	sed -n 's/^log: *`event="\([^"]*\)"`.*/\1/p' "$ROOT/docs/WALK.md"
}

PROGRAMS=(deployment/kentledge-controller deployment/kentledge-provisioner "$NODE_PLUGIN")

main() {
	local claim=www-walk-0 volume object
	use_kentledge
	needs_own_sets
	events_of_the_walk >"$WORK/expected"
	[ "$(wc -l <"$WORK/expected")" -ge 5 ] || fail "docs/WALK.md names too few log lines"
	sed -e 's/name: web$/name: walk/' -e 's/replicas: 2/replicas: 1/' "$ROOT/tests/demo/web.yaml" | apply
	must 90 "the pod runs" pod_is_ready walk-0
	volume=$(volume_of "$claim")
	ask_for_size "$claim" 2Gi
	must 60 "the volume grows" volume_has_size "$claim" 2Gi
	kubectl delete statefulset walk >/dev/null
	must 60 "the pod is gone" none pods labelSelector=app=nginx
	kubectl delete pvc "$claim" --wait=false >/dev/null
	must 60 "the volume is gone" volume_is_gone "$volume"
	for object in "${PROGRAMS[@]}"; do
		lines_about "$object" "$NAMESPACE/$claim" "$volume" "$NAMESPACE/walk-0" >"$WORK/${object##*/}"
	done
	(cd "$WORK" && sort "${PROGRAMS[@]##*/}" | sed 's/^/  /')
	stand_in_order
}

lines_about() { # OBJECT CLAIM VOLUME POD
	log_of "$1" | grep -E "claim=$2( |\$)|volume=$3( |\$)|pod=$4( |\$)"
}

# Each event is looked for behind the one before it that the same program has logged.
stand_in_order() {
	local event program line found
	declare -A reached=()
	while read -r event; do
		found=
		for program in "${PROGRAMS[@]##*/}"; do
			line=$(awk -v from="${reached[$program]:-0}" -v event="event=\"$event\"" \
				'NR > from && index($0, event) { print NR; exit }' "$WORK/$program")
			[ -z "$line" ] || {
				reached[$program]=$line
				found=$program
			}
		done
		[ -n "$found" ] || fail "\"$event\" does not come"
		ok "\"$event\" of $found"
	done <"$WORK/expected"
}

main
