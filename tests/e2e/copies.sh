#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Claims are made from a claim that a pod writes to, and from a snapshot of it: larger than their
# source, bound without a pod, with the data of their source and a file system as large as the claim.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

CLASSES=(copies-late copies-now)

main() {
	use_kentledge
	undo
	{
		class copies-late WaitForFirstConsumer 'csi.storage.k8s.io/fstype: xfs'
		class copies-now Immediate 'csi.storage.k8s.io/fstype: xfs'
		claim source 320Mi copies-late
		# shellcheck disable=SC2016
		pod source source 'head -c 8000000 /dev/urandom >/data/random && sha256sum /data/random >/data/sum &&
			sync && i=0 && while sleep 0.1; do i=$((i + 1)); echo $i >/data/count || exit 1; done'
	} | apply
	must 90 "the pod of the source writes" writes source
	clones
	a_snapshot_is_restored
	many_read_one
	what_is_refused
	their_source_may_go
}

writes() { kubectl exec "$1" -- test -s /data/count; } # POD

# clone NAME SIZE CLASS SOURCE [MODE]: a manifest on standard output.
clone() {
	claim "$1" "$2" "$3" "${5:-ReadWriteOnce}"
	echo "  dataSource: {kind: PersistentVolumeClaim, name: $4}"
}

clones() {
	local name
	{
		clone late 600Mi copies-late source
		clone now 600Mi copies-now source
	} | apply
	for name in late now; do
		must 60 "the clone $name of a claim in use is bound, without a pod" claim_is_bound "$name"
		is_as_large_as_asked "$name"
	done
	for name in late now; do reader "$name" | apply; done
	for name in late now; do
		must 60 "the pod of $name sees the data of the source" has_the_data "$name"
		[ "$(field pod "$name" .spec.nodeName)" = "$(field pod source .spec.nodeName)" ] ||
			fail "$name is not on the node of its source"
		[ "$(kubectl exec "$name" -- df -m /data | awk 'END { print $(NF - 4) }')" -ge 500 ] ||
			fail "the file system of $name is not as large as its claim"
	done
	ok "on the node of the source, with file systems as large as the claims"
	writes source || fail "the source does not write any more"
	[ "$(field pod source '.status.containerStatuses[0].restartCount')" = 0 ] || fail "the source was restarted"
}

a_snapshot_is_restored() {
	snapshot_class copies | apply
	snapshot moment source copies | apply
	# The first time, the provisioner makes sure that no other snapshot-controller is at work.
	must 90 "a snapshot of the source is ready" snapshot_is_ready moment
	{
		claim restored 600Mi copies-late
		echo "  dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: moment}"
		reader restored
	} | apply
	must 60 "the pod of a restore sees the data of the source" has_the_data restored
	is_as_large_as_asked restored
	kubectl delete volumesnapshot moment --wait=false >/dev/null
	must 30 "the snapshot can be deleted" none snapshot
	has_the_data restored || fail "the restore lost its data with the snapshot"
}

many_read_one() {
	local i
	clone many 320Mi copies-late source ReadOnlyMany | apply
	for i in 1 2; do pod "many-$i" many 'sleep 600' | apply; done
	for i in 1 2; do
		must 60 "pod $i of a clone for many readers sees the data" has_the_data "many-$i"
		if kubectl exec "many-$i" -- touch /data/mine 2>/dev/null; then fail "it can write"; fi
	done
	ok "none of them can write"
}

reader() { pod "$1" "$1" 'sleep 600'; } # CLAIM

has_the_data() { # POD
	kubectl exec "$1" -- sh -c 'sha256sum -c /data/sum && test -s /data/count'
}

# From the start: the kubelet has nothing to report.
is_as_large_as_asked() { # CLAIM
	if ! claim_has_size "$1" 600Mi || ! volume_has_size "$1" 600Mi ||
		field pvc "$1" '.status.conditions[]?.type' | grep -q Resize; then
		fail "$(kubectl get pvc "$1" -o yaml)"
	fi
}

what_is_refused() {
	clone small 300Mi copies-late source | apply
	must 30 "a smaller clone is refused" claim_event small \
		'spec.resources.requests.storage: 300Mi is less than the 320Mi'
	clone none 600Mi copies-late missing | apply
	must 30 "an event says that the source of a clone does not exist" claim_event none '"missing" does not exist'
	{ clone raw 600Mi copies-late source && echo '  volumeMode: Block'; } | apply
	must 30 "a raw clone of a file system is refused" claim_event raw 'spec.volumeMode: Block differs'
	kubectl delete pvc small none raw --wait=false >/dev/null
	must 30 "the refused claims can be deleted" gone pvc small none raw
}

gone() { # KIND NAME...
	local kind=$1 name
	shift
	for name; do none "$kind" "fieldSelector=metadata.name=$name" || return 1; done
}

their_source_may_go() {
	local volume
	volume=$(volume_of source)
	[[ $(field pvc source '.metadata.finalizers[]') = *cloning-protection* ]] ||
		fail "the source was not protected"
	kubectl delete pod,pvc source --wait=false >/dev/null
	must 60 "the source can be deleted" gone pvc source
	must 60 "its volume too" volume_is_gone "$volume"
	has_the_data late || fail "the clone lost its data with the source"
	ok "the clone keeps its data"
}

undo() {
	kubectl delete storageclass "${CLASSES[@]}" --ignore-not-found >/dev/null
	kubectl delete volumesnapshotclass copies --ignore-not-found >/dev/null
}

main
