#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A thick volume keeps its blocks, whatever its pod and its node discard: the plugin, in its own pod,
# may say so to the kernel. A thin one gives back what its pod removed.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

SIZE_KIB=65536

main() {
	use_kentledge
	undo_classes
	# The file system in the pod discards by itself what is removed.
	{ class thick-e2e WaitForFirstConsumer "backend: loop, provisioning: thick" && echo 'mountOptions: [discard]'; } |
		apply
	class thin-e2e WaitForFirstConsumer "backend: loop, provisioning: thin" | apply
	lives_with_discards thick thick-e2e
	[ "$(allocated_kib thick)" -ge $SIZE_KIB ] || fail "the thick volume lost blocks: $(allocated_kib thick) KiB are left"
	ok "the thick volume has its blocks"
	! log_has "$NODE_PLUGIN" "discards of the volume are not.*volume=$(volume_of thick)" ||
		fail "the plugin could not turn discards off"
	kubectl delete pod thick >/dev/null
	lives_with_discards thin thin-e2e
	[ "$(allocated_kib thin)" -lt $((SIZE_KIB / 4)) ] || fail "the thin volume keeps $(allocated_kib thin) KiB"
	ok "the thin volume gave back what was removed"
}

# A pod writes a file and removes it; then the node discards what is free.
lives_with_discards() { # NAME CLASS
	local path
	{ claim "$1" 64Mi "$2" && pod "$1" "$1" \
		"dd if=/dev/urandom of=/data/file bs=1M count=40 && sync && rm /data/file && sync && sleep 600"; } | apply
	must 90 "the pod $1 runs" pod_is_ready "$1"
	must 30 "it has removed its file" has_removed "$1"
	path=$(on_node 1 findmnt --noheadings --first-only --output TARGET --source "/dev/$(device_of "$1")")
	echo "fstrim: $(on_node 1 fstrim --verbose "$path" 2>&1)"
}

has_removed() { # POD
	kubectl exec "$1" -- sh -c '! [ -e /data/file ]' && sleep 2
}

device_of() { # CLAIM
	basename "$(dirname "$(dirname "$(grep -l "/$(volume_of "$1")/" /sys/block/loop*/loop/backing_file)")")"
}

allocated_kib() { # CLAIM
	du --block-size=1K "$(node_pool 1)/volumes/$(volume_of "$1")/image" | cut -f 1
}

undo_classes() { kubectl delete storageclass thick-e2e thin-e2e --ignore-not-found >/dev/null; }

undo() { undo_classes; }

main
