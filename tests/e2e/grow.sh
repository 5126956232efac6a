#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A claim asks for more while its pod writes: the volume grows, the pod sees it without a restart where
# the file system and the kernel can, else after one; a request that no disk can serve is lowered
# again, and nothing of it stays.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

CLASSES=(grow-ext4 grow-xfs grow-btrfs)

main() {
	local class
	use_kentledge
	undo
	for class in "${CLASSES[@]}"; do
		class "$class" WaitForFirstConsumer "backend: loop, csi.storage.k8s.io/fstype: ${class#grow-}"
	done | apply
	# Beside one another: each waits for its kubelet.
	for class in "${CLASSES[@]}"; do
		{ claim "$class" 320Mi "$class" && writer "$class"; } | apply
	done
	{ claim folder 64Mi kentledge-directory && writer folder; } | apply
	for class in "${CLASSES[@]}" folder; do
		must 120 "the pod of $class writes" writes "$class"
	done
	grows_while_it_is_written_to grow-xfs
	grows_while_it_is_written_to grow-btrfs
	ext4_grows
	a_directory_grows
	lowers_a_request
	nothing_was_restarted
}

writer() { # CLAIM
	# shellcheck disable=SC2016
	pod "$1" "$1" 'i=0; while sleep 0.2; do i=$((i + 1)); echo $i >/data/count || exit 1; done'
}

writes() { # POD
	pod_is_ready "$1" && kubectl exec "$1" -- test -s /data/count
}

sees_mib() { # POD LEAST
	[ "$(kubectl exec "$1" -- df -m /data | awk 'END { print $(NF - 4) }')" -ge "$2" ]
}

condition_of() { # CLAIM TYPE
	kubectl get pvc "$1" -o "jsonpath={.status.conditions[?(@.type=='$2')].status}"
}

growth_state() { field pvc "$1" .status.allocatedResourceStatuses.storage; } # CLAIM

is_settled() { # CLAIM SIZE: the claim and its volume say so, and nothing is left of the way there
	claim_has_size "$1" "$2" && [ -z "$(growth_state "$1")" ] &&
		! field pvc "$1" '.status.conditions[]?.type' | grep -q Resize &&
		volume_has_size "$1" "$2" &&
		! kubectl get pv "$(volume_of "$1")" -o yaml | grep -q pre-resize-capacity
}

grows_while_it_is_written_to() { # CLAIM
	ask_for_size "$1" 700Mi
	must 60 "$1 has 700Mi" is_settled "$1" 700Mi
	must 10 "its pod sees them" sees_mib "$1" 500
	# Rounded up by the node, but not in what the claim says.
	ask_for_size "$1" 800000001
	must 60 "$1 has an odd size" is_settled "$1" "$(field pvc "$1" .spec.resources.requests.storage)"
}

# At once where the kernel can; else the claim says what it waits for.
ext4_grows() {
	ask_for_size grow-ext4 700Mi
	must 60 "the volume of grow-ext4 has 700Mi" volume_has_size grow-ext4 700Mi
	if wait_for 10 is_settled grow-ext4 700Mi; then
		ok "grow-ext4 grew while it was mounted"
	else
		[ "$(condition_of grow-ext4 FileSystemResizePending)" = True ] ||
			fail "the claim does not say that it waits: $(kubectl get pvc grow-ext4 -o yaml)"
		[ "$(growth_state grow-ext4)" != NodeResizeInfeasible ] ||
			fail "what only waits is called infeasible"
		ok "grow-ext4 cannot grow while it is mounted, and its claim waits"
		kubectl delete pod grow-ext4 >/dev/null
		must 60 "without a pod the node unstages it" \
			log_has "$NODE_PLUGIN" "volume unstaged.*volume=$(volume_of grow-ext4)"
		writer grow-ext4 | apply
		must 60 "its next pod writes" writes grow-ext4
		must 60 "then grow-ext4 has 700Mi" is_settled grow-ext4 700Mi
	fi
	must 10 "its pod sees them" sees_mib grow-ext4 500
}

a_directory_grows() {
	ask_for_size folder 128Mi
	must 30 "folder has 128Mi" is_settled folder 128Mi
	has_event VolumeResizeSuccessful . || fail "no event says so"
}

lowers_a_request() {
	ask_for_size grow-xfs 900Ti
	must 30 "a request that no disk can serve is refused by an event" \
		claim_event grow-xfs 'VolumeResizeFailed.*node "node1"'
	must 10 "and by a condition" [ "$(condition_of grow-xfs ControllerResizeError)" = True ]
	ask_for_size grow-xfs 900Mi
	must 30 "it is lowered, and the claim grows to that" is_settled grow-xfs 900Mi
}

nothing_was_restarted() {
	local class
	for class in grow-xfs grow-btrfs folder; do
		[ "$(kubectl get pod "$class" -o 'jsonpath={.status.phase} {.status.containerStatuses[0].restartCount}')" = "Running 0" ] ||
			fail "the pod of $class was restarted"
	done
	ok "the pods that wrote meanwhile still run"
}

undo() { kubectl delete storageclass "${CLASSES[@]}" --ignore-not-found >/dev/null; }

main
