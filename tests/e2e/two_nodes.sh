#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two nodes: a claim's volume is made on the node of its pod, and a pod that comes back comes back
# to its volume.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	local i
	cluster_of_its_own two-nodes 16447 --nodes 2
	for i in 1 2; do
		{ claim "data-$i" && pod "pod-$i" "data-$i" "echo pod-$i >>/data/word; sleep 600" "node$i"; } | apply
	done
	for i in 1 2; do
		must 90 "pod-$i runs on node$i" pod_is_ready "pod-$i"
		lies_on "data-$i" "$i" || fail "the volume of data-$i is not on node$i alone"
		ok "the volume of data-$i is on node$i"
		[ "$(affinity_of "data-$i")" = "node$i" ] || fail "the PersistentVolume does not name node$i"
	done
	comes_back_to_its_volume
	placed_at_once
	copies_take_their_pods_along
}

lies_on() { # CLAIM INDEX
	local volume
	volume=$(volume_of "$1")
	[ -e "$(node_pool "$2")/volumes/$volume" ] && [ ! -e "$(node_pool $((3 - $2)))/volumes/$volume" ]
}

affinity_of() { # CLAIM
	kubectl get pv "$(volume_of "$1")" \
		-o 'jsonpath={.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]}'
}

# Nothing but the volume's affinity sends it there.
comes_back_to_its_volume() {
	kubectl delete pod pod-2 >/dev/null
	pod back data-2 "cat /data/word && sleep 600" | apply
	must 60 "a pod of data-2 without a node's name runs" pod_is_ready back
	[ "$(field pod back .spec.nodeName)" = node2 ] || fail "it runs elsewhere"
	[ "$(kubectl logs back)" = pod-2 ] || fail "it sees other data"
	ok "it runs on node2 and sees its data"
}

placed_at_once() {
	{ class at-once Immediate && claim placed 64Mi at-once; } | apply
	must 60 "a claim that binds at once is bound" claim_is_bound placed
	lies_on placed 1 || lies_on placed 2 || fail "its volume is on no node"
	ok "its volume is on $(affinity_of placed)"
}

# The scheduler selects some node, or the one that the pod asks for; the volume is made on the node of
# its source.
copies_take_their_pods_along() {
	local i
	for i in 1 2 3; do
		{ clone "copy-$i" data-2 && pod "copy-$i" "copy-$i" "cat /data/word && sleep 600"; } | apply
	done
	for i in 1 2 3; do
		must 90 "a pod of a clone of data-2 runs" pod_is_ready "copy-$i"
		lies_on "copy-$i" 2 || fail "the clone is not on node2 alone"
		[ "$(field pod "copy-$i" .spec.nodeName)" = node2 ] || fail "its pod runs elsewhere"
		[ "$(kubectl logs "copy-$i")" = pod-2 ] || fail "it sees other data"
	done
	{ clone elsewhere data-2 && pod elsewhere elsewhere 'sleep 600' node1; } | apply
	must 60 "a clone that is wanted on the other node is bound all the same" claim_is_bound elsewhere
	lies_on elsewhere 2 || fail "the clone is not on node2 alone"
	must 30 "and its pod says why it waits" has_event FailedScheduling 'volume node affinity|node.*affinity'
}

clone() { # NAME SOURCE
	claim "$1"
	echo "  dataSource: {kind: PersistentVolumeClaim, name: $2}"
}

undo() { end_cluster; }

main
