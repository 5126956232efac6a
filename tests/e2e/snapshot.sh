#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Snapshots of a claim in use become ready, and go in whatever order they, their claim and their contents are deleted, also
# with their namespace. So do those of a group of claims, of which one is restored.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

undo() {
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete volumesnapshotclass/e2e-snapshot volumegroupsnapshotclass/e2e-group \
		--ignore-not-found >/dev/null
}

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

group_class() { # NAME
	snapshot_class "$1" | sed 's/ snapshot\.storage/ groupsnapshot.storage/; s/VolumeSnapshotClass/VolumeGroupSnapshotClass/'
}

group() { # NAME CLASS LABELS
	cat <<-YAML
		---
		apiVersion: groupsnapshot.storage.k8s.io/v1
		kind: VolumeGroupSnapshot
		metadata: {name: $1}
		spec:
		  volumeGroupSnapshotClassName: $2
		  source: {selector: {matchLabels: {$3}}}
	YAML
}

# Each of its claims in use by a pod of its own, which writes the same number to all of them by the way of the node.
group_writer() { # NAME CLAIM...
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
		  containers:
		    - name: main
		      image: busybox:1.28
		      command: [sh, -c, 'i=0; while sleep 0.1; do i=\$((i + 1)); for d in /data/*; do echo \$i >\$d/count || exit 1; done; done']
		      volumeMounts:
		$(for claim in "$@"; do echo "        - {name: $claim, mountPath: /data/$claim}"; done)
		  volumes:
		$(for claim in "$@"; do echo "    - {name: $claim, persistentVolumeClaim: {claimName: $claim}}"; done)
	YAML
}

group_is_ready() { [ "$(field groupsnapshot "$1" .status.readyToUse)" = true ]; } # NAME

members_of() { # GROUP
	api "$(api_list snapshot)" | jq --raw-output --arg group "$1" \
		'.items[] | select(.status.volumeGroupSnapshotName == $group) | .metadata.name'
}

member_of() { # GROUP CLAIM
	api "$(api_list snapshot)" | jq --raw-output --arg group "$1" --arg claim "$2" '.items[]
		| select(.status.volumeGroupSnapshotName == $group and .spec.source.persistentVolumeClaimName == $claim) | .metadata.name'
}

is_restored() { [ "$(field pvc restored .status.phase)" = Bound ]; }

# By label, while all of its claims are in use on one node. Its members go with it, and with the namespace.
group_is_cut_and_restored() {
	local name
	for name in one two three; do claim "db-$name" | sed 's/metadata: {name: \(.*\)}/metadata: {name: \1, labels: {app: db}}/'; done | apply
	group_writer db db-one db-two db-three | apply
	must 60 "a pod uses three claims" pod_is_ready db
	group_class e2e-group | apply
	{ group tuesday e2e-group 'app: db' && group wednesday e2e-group 'app: db'; } | apply
	must 60 "the group is ready" group_is_ready tuesday
	[ "$(members_of tuesday | wc -l)" = 3 ] || fail "the group has not three members"
	{ claim restored | sed "s/resources:/dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: $(member_of tuesday db-two)}\n  resources:/" &&
		pod reader restored 'test -s /data/count && sleep 600'; } | apply
	must 60 "a member is restored" is_restored
	must 60 "the second group is ready" group_is_ready wednesday
	name=$(member_of tuesday db-one)
	kubectl delete volumesnapshot "$name" --wait=false >/dev/null
	must 20 "a member is not deleted alone" has_event SnapshotDeletePending tuesday
	kubectl delete volumegroupsnapshot tuesday --timeout=60s >/dev/null
	[ -z "$(members_of tuesday)" ] || must 30 "the members go with the group" no_members_of tuesday
	ok "the group goes with its members"
}

no_members_of() { [ -z "$(members_of "$1")" ]; }

no_group_contents_of_ours() {
	local found
	found=$(set -o pipefail && api /apis/groupsnapshot.storage.k8s.io/v1/volumegroupsnapshotcontents | jq --raw-output \
		--arg namespace "$NAMESPACE" '.items[] | select(.spec.volumeGroupSnapshotRef.namespace == $namespace) | .metadata.name') &&
		[ -z "$found" ]
}

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
	group_is_cut_and_restored
	kubectl delete namespace "$NAMESPACE" --wait=false >/dev/null
	must 90 "the namespace goes with the snapshots in it" namespace_is_gone
	must 20 "nothing is left of their contents" no_contents_of_ours
	must 20 "nothing is left of the groups' contents" no_group_contents_of_ours
	NAMESPACE=
}

main
