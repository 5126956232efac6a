#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An author of a pod asks for an inline volume that holds no size. They are off: the pod gets a
# reason and no room, and it can be deleted.
set -euo pipefail
. "$(dirname "$0")/../e2e/functions.sh"

main() {
	use_kentledge
	local attributes
	for attributes in 'backend: directory, enforce: "false"' 'size: 900Ti' 'provisioning: thick, size: 3Gi'; do
		inline_pod "$attributes" | apply
		must 60 "a pod with {$attributes} is told why it does not start" \
			has_event FailedMount 'Ephemeral'
		[ "$(field pod inline .status.phase)" = Pending ] || fail "the pod with {$attributes} runs"
		kubectl delete pod inline --wait=false >/dev/null
		must 60 "the pod can be deleted" none pod fieldSelector=metadata.name=inline
		kubectl delete events --all >/dev/null
	done
	none_of_ours || fail "the node holds an inline volume"
	ok "no inline volume was made"
}

inline_pod() { # ATTRIBUTES
	cat <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: inline}
		spec:
		  terminationGracePeriodSeconds: 0
		  containers:
		    - name: main
		      image: busybox:1.28
		      command: [sleep, "600"]
		      volumeMounts: [{name: scratch, mountPath: /scratch}]
		  volumes:
		    - name: scratch
		      csi: {driver: kentledge.io, volumeAttributes: {$1}}
	YAML
}

# The kubelet names an inline volume csi- and a hash.
none_of_ours() { ! compgen -G "$(node_pool 1)/volumes/csi-*" >/dev/null; }

main
