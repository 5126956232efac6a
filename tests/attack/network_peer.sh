#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A peer on the cluster's network holds many connections to the node plugin's port and says nothing.
# The provisioner is served meanwhile, and the plugin's own memory stays as it was.
set -euo pipefail
. "$(dirname "$0")/../e2e/functions.sh"

CONNECTIONS=900
GROWTH_KIB=4096

main() {
	local before after pid address crowd
	use_kentledge
	class "$NAMESPACE" Immediate | apply
	pid=$(kentledge_pids kentledge-node | head -n 1)
	address=$(kubectl -n default get pod -l app.kubernetes.io/component=node -o 'jsonpath={.items[0].status.podIP}')
	claim first 64Mi "$NAMESPACE" | apply
	must 60 "a claim is served beforehand" claim_is_bound first
	before=$(private_kib "$pid")
	crowd "$address" &
	crowd=$!
	sleep 5
	claim meanwhile 64Mi "$NAMESPACE" | apply
	must 60 "a claim is served while $CONNECTIONS connections are held" claim_is_bound meanwhile
	after=$(private_kib "$pid")
	[ "$((after - before))" -lt "$GROWTH_KIB" ] ||
		fail "the plugin grew from $before to $after KiB"
	ok "the plugin's private memory: $before KiB before, $after KiB with the crowd"
	wait "$crowd"
	claim afterwards 64Mi "$NAMESPACE" | apply
	must 30 "a claim is served afterwards" claim_is_bound afterwards
	kentledge_is_ready || fail "kentledge is not ready"
	kubectl delete pvc --all --wait=false >/dev/null
}

# crowd ADDRESS: opens the connections from the node's network, holds them, and ends.
crowd() {
	# shellcheck disable=SC2016
	on_node 1 timeout 60 bash -c '
		for i in $(seq "$2"); do exec {fd}<>"/dev/tcp/$1/9745" || true; done 2>/dev/null
		sleep 20' crowd "$1" "$CONNECTIONS" || true
}

private_kib() { # PID
	awk '/^Private_/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup"
}

undo() {
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found "$NAMESPACE" >/dev/null
}

main
