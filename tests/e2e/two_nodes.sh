#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two nodes: a claim's volume is made on the node of its pod, and a pod that comes back comes back
# to its volume. Claims say what is wrong with their data, and that their node has left the cluster;
# released volumes of such a node are forgotten. What does not fit on one node goes to the other: a
# claim, and the claims of a pod of which each would fit.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

VALUES=(--set nodes.goneAfter=8s --set provisioner.healthSeconds=2)

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
	a_claim_that_does_not_fit_goes_to_the_other_node
	claims_that_do_not_fit_together_go_to_the_other_node
	data_are_missing
	a_node_leaves
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

room_on() { # NODE: in MiB, of class thin, as the scheduler reads it
	api /apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities |
		jq --raw-output --arg node "$1" '.items[] | select(.storageClassName == "thin" and
			.nodeTopology.matchLabels["topology.kentledge.io/node"] == $node) | .maximumVolumeSize' |
		numfmt --from=auto --to-unit=Mi
}

room_is_known() { [ -n "$(room_on node1)" ] && [ -n "$(room_on node2)" ]; }

room_is_below() { [ "$(room_on "$1")" -lt "$2" ]; } # NODE MIB

# prefers_node1 NAME CLAIM...: a pod that goes to node1 wherever it can.
prefers_node1() {
	local name=$1 claim
	shift
	cat <<-YAML
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: $name}
		spec:
		  restartPolicy: Never
		  terminationGracePeriodSeconds: 0
		  affinity:
		    nodeAffinity:
		      preferredDuringSchedulingIgnoredDuringExecution:
		        - weight: 100
		          preference:
		            matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node1]}]
		  containers:
		    - name: main
		      image: busybox:1.28
		      command: [sleep, "600"]
		      volumeMounts:
	YAML
	for claim; do echo "        - {name: $claim, mountPath: /$claim}"; done
	echo "  volumes:"
	for claim; do echo "    - {name: $claim, persistentVolumeClaim: {claimName: $claim}}"; done
}

# A volume that takes no disk but almost all of the room of node1.
fill_node1() {
	class thin WaitForFirstConsumer "backend: loop, provisioning: thin" | apply
	must 20 "the room of both nodes is published" room_is_known
	{ claim filler "$(($(room_on node1) - 4096))Mi" thin &&
		pod fills filler "sleep 600" node1; } | apply
	must 60 "a volume fills node1" pod_is_ready fills
	must 20 "the scheduler knows that node1 is full" room_is_below node1 8192
}

a_claim_that_does_not_fit_goes_to_the_other_node() {
	fill_node1
	{ claim large "$(($(room_on node1) + 2048))Mi" thin && prefers_node1 likes-node1 large; } | apply
	must 60 "a pod that prefers node1, with a claim that does not fit there, runs" pod_is_ready likes-node1
	lies_on large 2 || fail "its volume is not on node2"
	ok "its volume is on node2"
}

claims_that_do_not_fit_together_go_to_the_other_node() {
	local size
	size=$(($(room_on node1) * 3 / 4))Mi
	{ claim one "$size" thin && claim other "$size" thin && prefers_node1 pair one other; } | apply
	must 60 "a pod with two claims of which node1 has room for one runs" pod_is_ready pair
	{ lies_on one 2 && lies_on other 2; } || fail "its volumes are not both on node2"
	ok "both volumes are on node2"
	claim_event one "not for all that were sent there" || fail "no event says why they left node1"
	ok "an event says why they left node1"
}

# Its file was moved, as by hand; the pod has it open.
data_are_missing() {
	local image
	image=$(node_pool 1)/volumes/$(volume_of data-1)/image
	mv "$image" "$image.away"
	must 30 "the claim data-1 says that its data are missing" \
		claim_event data-1 'VolumeConditionAbnormal: DataLoss DataMissing'
	mv "$image.away" "$image"
	must 30 "and that they are back" has_event VolumeConditionNormal "$(volume_of data-1)"
}

note_of() { field pv "$1" '.metadata.annotations["kentledge.io/node-gone-since"]'; }
is_noted() { [ -n "$(note_of "$1")" ]; }
is_not_noted() { [ -z "$(note_of "$1")" ]; }

# The kubelet of node2 stops, so that it does not register again, and the Node is deleted. A pod is deleted
# by force meanwhile, so its volume stays mounted there.
a_node_leaves() {
	local lost kept
	{ claim lost && pod user lost 'sleep 600' node2; } | apply
	must 60 "a pod of node2 uses the claim lost" pod_is_ready user
	lost=$(volume_of lost)
	kept=$(volume_of data-2)
	kill -KILL "$(trial_cluster pid kubelet 2)"
	kubectl delete pod user --force --grace-period=0 >/dev/null 2>&1
	kubectl delete pvc lost --wait=false >/dev/null
	must 20 "the volume of a pod that was deleted by force is still mounted, and is not deleted" still_mounted "$lost"
	kubectl delete node node2 --wait=false >/dev/null
	must 20 "the PersistentVolumes of node2 note that it is missing" is_noted "$kept"
	must 40 "the released volume of node2 is forgotten" none pv "fieldSelector=metadata.name=$lost"
	[ -e "$(node_pool 2)/volumes/$lost" ] || fail "its data are not on node2 any more"
	must 20 "an event of the claim data-2 names the ways out" claim_event data-2 'VolumeNodeGone: .*bring the node back'
	must 20 "its health is that its node is lost" claim_event data-2 'VolumeConditionAbnormal: Inaccessible NodeLost'
	claim_is_bound data-2 || fail "the claim data-2 is not Bound"
	trial_cluster restart kubelet 2 >/dev/null
	must 40 "node2 is back, and the note is off" is_not_noted "$kept"
	must 30 "the claim data-2 says so" has_event VolumeConditionNormal "$kept"
	[ -e "$(node_pool 2)/volumes/$kept" ] || fail "the volume of data-2 is not on node2 any more"
	ok "the volume of data-2 is on node2"
}

# The kubelet, which would unmount it, does not run.
still_mounted() { # VOLUME
	[ "$(field pv "$1" .status.phase)" = Released ] && [ -e "$(node_pool 2)/volumes/$1" ] &&
		api "$(api_list events)?fieldSelector=involvedObject.name=$1" |
		jq --exit-status '.items[] | select(.reason == "VolumeDelete" or .reason == "VolumeFailedDelete")' >/dev/null
}

undo() { end_cluster; }

main
