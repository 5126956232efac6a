#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A claim with volumeMode Block is a device in its pod, of its size, and holds what was written to it when the next pod
# comes. Nothing of a file system or of mount options is said of it, whatever its class says of files.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

SIZE_MIB=64

main() {
	use_kentledge
	class "$NAMESPACE-files" WaitForFirstConsumer "backend: loop, csi.storage.k8s.io/fstype: xfs" >"$WORK/class"
	echo 'mountOptions: [noatime]' | cat "$WORK/class" - | apply
	class "$NAMESPACE-folder" Immediate 'backend: directory, enforce: "false"' | apply
	lives_as_a_device late "$NAMESPACE-files"
	lives_as_a_device placed "$NAMESPACE-folder"
	goes_with_its_pod
}

# As claim() and pod(), for a device.
block_claim() { claim "$@" | sed -e 's/^\( *\)storageClassName: .*/&\n\1volumeMode: Block/'; }

block_pod() { pod "$@" | sed -e 's|volumeMounts: .*|volumeDevices: [{name: data, devicePath: /dev/data}]|'; }

lives_as_a_device() { # NAME CLASS
	local volume image
	{ block_claim "$1" "${SIZE_MIB}Mi" "$2" &&
		block_pod "$1" "$1" "echo precious | dd of=/dev/data bs=512 seek=7 conv=sync && sync && sleep 600"; } | apply
	must 90 "$1: a pod has the device" pod_is_ready "$1"
	[ "$(kubectl exec "$1" -- sh -c 'test -b /dev/data && wc -c </dev/data')" = $((SIZE_MIB << 20)) ] ||
		fail "$1: no device of $SIZE_MIB MiB"
	ok "$1: the device has $SIZE_MIB MiB"
	[ "$(field pvc "$1" .spec.volumeMode)" = Block ] || fail "$1: the claim is not for a device"
	volume=$(volume_of "$1")
	[ "$(field pv "$volume" .spec.volumeMode)" = Block ] || fail "$1: the PersistentVolume is not a device"
	[ -z "$(field pv "$volume" .spec.csi.fsType)" ] || fail "$1: the PersistentVolume names a file system"
	kubectl delete pod "$1" >/dev/null
	block_pod "$1-again" "$1" "dd if=/dev/data bs=512 skip=7 count=1 2>/dev/null | tr -d \"\\\\000\"" | apply
	must 90 "$1: the next pod has run" pod_phase_is "$1-again" Succeeded
	[ "$(kubectl logs "$1-again")" = precious ] || fail "$1: the next pod reads $(kubectl logs "$1-again")"
	ok "$1: the next pod reads what the first one wrote"
	image=$(node_pool 1)/volumes/$volume/image
	[ -e "$image" ] || fail "$1: no image at $image"
	kubectl delete pod "$1-again" >/dev/null
	kubectl delete pvc "$1" --wait=false >/dev/null
	must 30 "$1: the volume is gone" volume_is_gone "$volume"
	[ ! -e "$image" ] || fail "$1: the image is left"
}

# A generic ephemeral volume: a claim that its pod owns.
goes_with_its_pod() {
	local volume
	cat <<-YAML | apply
		apiVersion: v1
		kind: Pod
		metadata: {name: owner}
		spec:
		  restartPolicy: Never
		  terminationGracePeriodSeconds: 0
		  containers:
		    - name: main
		      image: busybox:1.28
		      command: [sh, -c, "test -b /dev/data && sleep 600"]
		      volumeDevices: [{name: scratch, devicePath: /dev/data}]
		  volumes:
		    - name: scratch
		      ephemeral:
		        volumeClaimTemplate:
		          spec:
		            accessModes: [ReadWriteOncePod]
		            volumeMode: Block
		            storageClassName: $NAMESPACE-files
		            resources: {requests: {storage: 32Mi}}
	YAML
	must 90 "a pod has a device of its own" pod_is_ready owner
	volume=$(volume_of owner-scratch)
	kubectl delete pod owner >/dev/null
	must 10 "the device is gone with its pod" volume_is_gone "$volume"
}

undo() {
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found \
		"$NAMESPACE-files" "$NAMESPACE-folder" >/dev/null
}

main
