#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the controller when it has made a pod's claim and not yet the pod: after its restart
# the set is complete, each pod with that one claim.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

ROUNDS=3

main() {
	local i
	use_kentledge
	needs_own_sets
	for i in $(seq $ROUNDS); do
		kill_after_the_claim "$i"
	done
}

set_named() { # NAME
	sed -e "s/name: web\$/name: $1/" -e "s/app: nginx/app: $1/" "$ROOT/tests/demo/web.yaml"
}

# The API's own word that the claim is there is the moment.
kill_after_the_claim() { # ROUND
	local name=set$1 line pids uid
	must 120 "the controller is ready" kentledge_is_ready
	mapfile -t pids < <(kentledge_pids kentledge-controller)
	coproc CLAIMS { exec kubectl get pvc -w -o name --field-selector "metadata.name=www-$name-0"; }
	# shellcheck disable=SC2153
	echo "$CLAIMS_PID" >"$WORK/watch"
	sleep 1
	set_named "$name" | apply
	read -r -t 60 line <&"${CLAIMS[0]}" || fail "no claim came for $name"
	kill -KILL "${pids[@]}"
	if none pod --field-selector "metadata.name=$name-0"; then
		echo "round $1: killed between $line and its pod"
	else
		echo "round $1: killed just after the pod was made"
	fi
	kill "$(cat "$WORK/watch")"
	wait "$(cat "$WORK/watch")" 2>/dev/null || true
	uid=$(field pvc "www-$name-0" '{.metadata.uid}')
	must 150 "round $1: both pods run" set_runs "$name"
	[ "$uid" = "$(field pvc "www-$name-0" '{.metadata.uid}')" ] || fail "round $1: the claim is another one"
	ok "round $1: with the claim that was made first"
	[ "$(kubectl get pvc -o name | grep -c "www-$name-")" = 2 ] || fail "round $1: not one claim for each pod"
	kubectl delete statefulset "$name" --wait=false >/dev/null
	must 60 "round $1: the pods of the deleted set go" none pods -l "app=$name"
}

set_runs() { pod_is_ready "$1-0" && pod_is_ready "$1-1"; }

main
