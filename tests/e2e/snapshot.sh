#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Snapshots of a claim in use become ready, and go in whatever order they, their claim and their contents are deleted, also
# with their namespace.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

undo() { KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete volumesnapshotclass e2e-snapshot --ignore-not-found >/dev/null; }

contents_of_ours() {
	api "$(api_list snapshotcontent)" | jq --raw-output --arg namespace "$NAMESPACE" \
		'.items[] | select(.spec.volumeSnapshotRef.namespace == $namespace) | .metadata.name'
}

no_contents_of_ours() {
	local found
	found=$(set -o pipefail && contents_of_ours) && [ -z "$found" ]
}

kinds_are_served() { api "$(api_list snapshot)" | jq -e .items >/dev/null; }

is_unprotected() { ! field pvc data '.metadata.finalizers[]?' | grep -q snapshot.storage; }

namespace_is_gone() { none namespace "fieldSelector=metadata.name=$NAMESPACE"; }

main() {
	local name volume
	use_kentledge
	must 10 "the kinds of snapshots are served" kinds_are_served
	snapshot_class e2e-snapshot | apply
	{ claim data && pod writer data "i=0; while sleep 0.2; do i=\$((i + 1)); echo \$i >/data/count || exit 1; done"; } | apply
	must 60 "a pod uses the claim" pod_is_ready writer
	for name in first second third; do snapshot "$name" data e2e-snapshot; done | apply
	# The first time, the provisioner makes sure that no other snapshot-controller is at work.
	for name in first second third; do
		must 75 "the snapshot $name is ready" snapshot_is_ready "$name"
	done
	must 10 "the claim is not held any more" is_unprotected
	has_event SnapshotReady first || fail "no event SnapshotReady"
	kubectl delete volumesnapshot first --timeout=30s >/dev/null
	ok "a snapshot is deleted while the claim is in use"
	volume=$(volume_of data)
	kubectl delete pod writer --wait=false >/dev/null
	kubectl delete pvc data --timeout=30s >/dev/null
	must 30 "the volume of the claim is gone while it has snapshots" volume_is_gone "$volume"
	snapshot_is_ready second || fail "a snapshot does not outlive its volume"
	kubectl delete namespace "$NAMESPACE" --wait=false >/dev/null
	must 60 "the namespace goes with the snapshots in it" namespace_is_gone
	must 20 "nothing is left of their contents" no_contents_of_ours
	NAMESPACE=
}

main
