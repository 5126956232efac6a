#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An editor of one namespace makes claims with annotations, and with names of sources, as large as the
# API allows. A restarted provisioner becomes ready within its memory limit, and serves the claims of others.
set -euo pipefail
. "$(dirname "$0")/../e2e/functions.sh"

CLAIMS=280
WRITERS=4 # kubectl sends five requests a second
FILLING_BYTES=250000
MEMORY_KIB=65536 # half of the limit in the chart's values

main() {
	use_kentledge
	class "$NAMESPACE-late" WaitForFirstConsumer | apply
	class "$NAMESPACE" Immediate | apply
	large_claims
	ok "$CLAIMS claims, each with $FILLING_BYTES bytes in an annotation or a name"
	kill_program kentledge-provisioner
	kill_program kentledge-controller
	must 120 "kentledge is ready again" kentledge_is_ready
	claim victim 64Mi "$NAMESPACE" | apply
	must 60 "another claim is served" claim_is_bound victim
	for program in provisioner controller; do
		[ "$(resident_kib "kentledge-$program")" -lt "$MEMORY_KIB" ] ||
			fail "kentledge-$program holds $(resident_kib "kentledge-$program") KiB"
		ok "kentledge-$program holds $(resident_kib "kentledge-$program") KiB"
	done
	# In one request: kubectl would send one for each.
	kubectl delete --raw "$(api_list pvc)" >/dev/null
}

large_claims() {
	local writer pids=()
	for writer in $(seq "$WRITERS"); do
		large_claims_of "$writer" | kubectl create -f - >/dev/null &
		pids+=($!)
	done
	for writer in "${pids[@]}"; do
		wait "$writer"
	done
}

large_claims_of() { # WRITER
	local i filling
	filling=$(head -c "$FILLING_BYTES" /dev/zero | tr '\0' x)
	for i in $(seq "$1" "$WRITERS" "$CLAIMS"); do
		cat <<-YAML
			---
			apiVersion: v1
			kind: PersistentVolumeClaim
			metadata: {name: large-$i, annotations: {filling: $(of_every_second "$i" 0 "$filling")}}
			spec:
			  accessModes: [ReadWriteOnce]
			  storageClassName: $NAMESPACE-late
			  resources: {requests: {storage: 64Mi}}
			  dataSource: {kind: PersistentVolumeClaim, name: none$(of_every_second "$i" 1 "$filling")}
		YAML
	done
}

of_every_second() { [ $(($1 % 2)) != "$2" ] || echo "$3"; } # NUMBER REST TEXT

resident_kib() { # PROGRAM
	local pid
	pid=$(kentledge_pids "$1" | head -n 1)
	awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status"
}

undo() {
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found \
		"$NAMESPACE" "$NAMESPACE-late" >/dev/null
}

main
