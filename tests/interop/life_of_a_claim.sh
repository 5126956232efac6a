#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Claims by external-provisioner, external-resizer and external-snapshotter: bound, written, grown,
# limited, cut, restored, cloned and deleted. Each of them finds its data, and nothing is left.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

VOLUMES=()

main() {
	cluster_with_sidecars interop 16448
	classes | apply
	a_claim_is_bound
	it_grows_under_its_pod
	its_limits_change
	it_is_cut_and_restored
	it_is_cloned
	one_without_a_pod_grows_for_the_next
	a_disk_is_cut_restored_and_cloned
	two_are_cut_at_one_moment
	the_room_is_told
	everything_goes
	sidecars_still_run
}

classes() {
	local type
	for type in ext4 xfs; do
		cat <<-YAML
			---
			apiVersion: storage.k8s.io/v1
			kind: StorageClass
			metadata: {name: on-$type}
			provisioner: kentledge.io
			volumeBindingMode: WaitForFirstConsumer
			allowVolumeExpansion: true
			parameters: {csi.storage.k8s.io/fstype: $type}
		YAML
	done
	cat <<-YAML
		---
		apiVersion: storage.k8s.io/v1
		kind: VolumeAttributesClass
		metadata: {name: slow}
		driverName: kentledge.io
		parameters: {readIops: "100"}
		---
		apiVersion: snapshot.storage.k8s.io/v1
		kind: VolumeSnapshotClass
		metadata: {name: cut}
		driver: kentledge.io
		deletionPolicy: Delete
		---
		apiVersion: groupsnapshot.storage.k8s.io/v1
		kind: VolumeGroupSnapshotClass
		metadata: {name: cut-together}
		driver: kentledge.io
		deletionPolicy: Delete
	YAML
}

a_claim_is_bound() {
	{ claim data 320Mi on-xfs && keeper data one; } | apply
	must 90 "a claim is bound, and its pod runs" pod_is_ready data
	[ -n "$(attribute_of data storage.kubernetes.io/csiProvisionerIdentity)" ] ||
		fail "its volume is not external-provisioner's"
	must 10 "its pod has written" holds data one
}

it_grows_under_its_pod() {
	ask_for_size data 640Mi
	must 60 "it grows while its pod runs" claim_has_size data 640Mi
	[ "$(size_mb data)" -gt 500 ] || fail "the pod sees $(size_mb data) MB"
	ok "the pod sees the new size"
}

its_limits_change() {
	kubectl patch pvc data -p '{"spec": {"volumeAttributesClassName": "slow"}}' >/dev/null
	must 60 "its VolumeAttributesClass is changed" is_limited_by data slow
	must 10 "the node plugin has changed its limits" \
		log_has "$NODE_PLUGIN" "event=\"volume modified\".*$(volume_of data)"
}

it_is_cut_and_restored() {
	snapshot data-cut data | apply
	must 60 "it is cut while its pod runs" is_ready_to_use snapshot data-cut
	[ "$(field snapshot data-cut .status.restoreSize)" = 640Mi ] ||
		fail "its snapshot is of another size"
	kubectl exec data -- sh -c 'echo two >/data/word'
	{ claim_from restored 640Mi on-xfs VolumeSnapshot data-cut && keeper restored; } | apply
	must 90 "another claim is made from the snapshot" pod_is_ready restored
	must 10 "it holds what was there when it was cut" holds restored one
}

it_is_cloned() {
	{ claim_from cloned 700Mi on-xfs PersistentVolumeClaim data && keeper cloned; } | apply
	must 90 "another claim, a larger one, is made from the claim" pod_is_ready cloned
	must 10 "it holds what is there now" holds cloned two
	[ "$(size_mb cloned)" -gt 600 ] || fail "the pod sees $(size_mb cloned) MB"
	ok "its file system is as large as the claim"
}

# What every file system can, also where the kernel does not let it grow while it is mounted.
one_without_a_pod_grows_for_the_next() {
	{ claim rest 64Mi on-ext4 && keeper rest before; } | apply
	must 90 "a claim with ext4 is bound, and its pod runs" pod_is_ready rest
	kubectl delete pod rest >/dev/null
	must 30 "without the pod it is not mounted any more" is_unstaged rest
	ask_for_size rest 128Mi
	must 60 "its volume grows" waits_for_a_pod rest
	keeper rest | apply
	must 60 "the next pod runs" pod_is_ready rest
	must 60 "its file system has grown" claim_has_size rest 128Mi
	must 10 "it holds what was written before" holds rest before
	[ "$(size_mb rest)" -gt 100 ] || fail "the pod sees $(size_mb rest) MB"
	ok "the pod sees the new size"
}

a_disk_is_cut_restored_and_cloned() {
	{ claim disk 16Mi on-ext4 && keeper disk one; } | as_disk | apply
	must 90 "a claim for a block volume is bound, and its pod runs" pod_is_ready disk
	must 10 "its pod has written" disk_holds disk one
	snapshot disk-cut disk | apply
	must 60 "it is cut while its pod runs" is_ready_to_use snapshot disk-cut
	kubectl exec disk -- sh -c 'echo two | dd of=/dev/data conv=fsync' 2>/dev/null
	{
		claim_from disk-restored 16Mi on-ext4 VolumeSnapshot disk-cut && keeper disk-restored
		claim_from disk-cloned 16Mi on-ext4 PersistentVolumeClaim disk && keeper disk-cloned
	} | as_disk | apply
	must 90 "it is restored and cloned" are_ready disk-restored disk-cloned
	must 10 "the one holds what was there when it was cut" disk_holds disk-restored one
	must 10 "the other what is there now" disk_holds disk-cloned two
}

# With --node-deployment csi-snapshotter sees what snapshot-controller has labelled with its node, and
# that does not label groups (v8.7). On one node it need not.
two_are_cut_at_one_moment() {
	stop_sidecar csi-snapshotter
	start_sidecar csi-snapshotter --csi-address="$SOCKET" --extra-create-metadata
	kubectl label pvc data cloned together=yes >/dev/null
	kubectl create -f - >/dev/null <<-YAML
		apiVersion: groupsnapshot.storage.k8s.io/v1
		kind: VolumeGroupSnapshot
		metadata: {name: both}
		spec:
		  volumeGroupSnapshotClassName: cut-together
		  source: {selector: {matchLabels: {together: "yes"}}}
	YAML
	must 60 "two claims are cut at one moment" is_ready_to_use groupsnapshot both
	must 30 "each has a snapshot of it" count_is 2 members_of both
}

the_room_is_told() {
	must 30 "the room of the node is told for each class" count_is 3 classes_with_room
}

everything_goes() {
	mapfile -t VOLUMES < <(volumes_of_ours)
	[ ${#VOLUMES[@]} = 7 ] || fail "there are ${#VOLUMES[@]} volumes"
	kubectl delete volumegroupsnapshot,volumesnapshot --all --timeout=60s >/dev/null
	must 30 "deleted snapshots are gone from the API" none snapshotcontent
	kubectl delete pod --selector=keeps=data --timeout=60s >/dev/null
	kubectl delete pvc --all --timeout=60s >/dev/null
	must 60 "deleted claims are gone with their volumes" no_volumes_of_ours
	must 30 "nothing of them is left in the pool" pool_is_empty
	must 10 "nothing of them is mounted" nothing_is_mounted
	no_loop_device_is_left || fail "a loop device of a deleted volume is left"
	ok "no loop device of theirs is left"
}

# keeper CLAIM [WORD]: a Pod of the claim's name, which writes the word, if any, and stays.
keeper() {
	pod "$1" "$1" "${2:+echo $2 >/data/word && sync && }sleep 3600" |
		sed "s/^metadata: .*/metadata: {name: $1, labels: {keeps: data}}/"
}

# as_disk: the claims and pods on standard input, with block volumes.
as_disk() {
	sed -e 's/^\( *\)storageClassName: .*/&\n\1volumeMode: Block/' \
		-e 's|volumeMounts: .*|volumeDevices: [{name: data, devicePath: /dev/data}]|' \
		-e 's| >/data/word && sync| \| dd of=/dev/data conv=fsync|'
}

claim_from() { # NAME SIZE CLASS KIND SOURCE
	claim "$1" "$2" "$3"
	echo "  dataSource: {kind: $4, name: $5$([ "$4" != VolumeSnapshot ] ||
		echo ', apiGroup: snapshot.storage.k8s.io')}"
}

snapshot() { # NAME CLAIM
	cat <<-YAML
		apiVersion: snapshot.storage.k8s.io/v1
		kind: VolumeSnapshot
		metadata: {name: $1}
		spec:
		  volumeSnapshotClassName: cut
		  source: {persistentVolumeClaimName: $2}
	YAML
}

waits_for_a_pod() { # CLAIM
	[ -n "$(field pvc "$1" '.status.conditions[]? | select(.type == "FileSystemResizePending")')" ]
}

is_unstaged() { # CLAIM
	log_has "$NODE_PLUGIN" "event=\"volume unstaged\".*$(volume_of "$1")"
}

is_limited_by() { # CLAIM CLASS
	[ "$(field pvc "$1" .status.currentVolumeAttributesClassName)" = "$2" ]
}

is_ready_to_use() { [ "$(field "$1" "$2" .status.readyToUse)" = true ]; } # KIND NAME

members_of() { # GROUP-SNAPSHOT
	api "$(api_list snapshot)" |
		jq --raw-output --arg group "$1" '.items[]
			| select(.status.volumeGroupSnapshotName == $group and .status.readyToUse) | .metadata.name'
}

classes_with_room() {
	api "$(api_list capacity)" |
		jq --raw-output '.items[] | select(.capacity // "0" | test("^[1-9]"))
			| select(.nodeTopology.matchLabels["topology.kentledge.io/node"] == "node1") | .storageClassName' |
		sort -u
}

count_is() { # COUNT COMMAND...
	local count=$1
	shift
	[ "$("$@" | wc -l)" = "$count" ]
}

holds() { [ "$(kubectl exec "$1" -- cat /data/word)" = "$2" ]; } # POD WORD

disk_holds() { [ "$(kubectl exec "$1" -- head -n 1 /dev/data)" = "$2" ]; } # POD WORD

size_mb() { # POD
	kubectl exec "$1" -- df -P -m /data | awk 'NR == 2 { print $2 }'
}

attribute_of() { # CLAIM ATTRIBUTE
	field pv "$(volume_of "$1")" ".spec.csi.volumeAttributes[\"$2\"]"
}

pool_is_empty() { [ -z "$(find "$(node_pool 1)" -mindepth 2)" ]; }

nothing_is_mounted() {
	local mounts
	mounts=$(on_node 1 cat /proc/self/mountinfo) &&
		! grep -E '/pods/[^ ]*/kubernetes.io~csi/|/plugins/kubernetes.io/csi/' <<<"$mounts"
}

no_loop_device_is_left() {
	! losetup --list --noheadings --output BACK-FILE | grep -F "$(printf '/%s/\n' "${VOLUMES[@]}")"
}

main
