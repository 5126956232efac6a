#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A node that does not answer: the claim's event names the node and the reason; when the node is
# back the claim is served, with one volume.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

undo() {
	[ ! -s "$WORK/stopped" ] || xargs kill -CONT <"$WORK/stopped" 2>/dev/null
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found "$NAMESPACE" >/dev/null
}

# Without it the scheduler selects no node for the class's claims.
room_is_known() {
	kubectl get csistoragecapacities --all-namespaces \
		-o jsonpath='{range .items[*]}{.storageClassName}{"\n"}{end}' | grep -qx "$NAMESPACE"
}

main() {
	use_kentledge
	class "$NAMESPACE" WaitForFirstConsumer | apply
	must 60 "the scheduler knows the room of the class" room_is_known
	kentledge_pids kentledge-node >"$WORK/stopped"
	xargs kill -STOP <"$WORK/stopped"
	{ claim data 64Mi "$NAMESPACE" && pod user data "sleep 600"; } | apply
	must 60 "the claim's event names the node that does not answer" claim_event data 'node "node1".*'
	xargs kill -CONT <"$WORK/stopped"
	: >"$WORK/stopped"
	must 120 "the claim is served when the node is back" claim_is_bound data
	must 60 "its pod runs" pod_is_ready user
	[ "$(find "$(node_pool 1)/volumes" -maxdepth 1 -name "$(volume_of data)" | wc -l)" = 1 ] ||
		fail "there is not exactly one volume"
	ok "there is one volume"
}

main
