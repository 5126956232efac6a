#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kentledge's provisioner beside external-provisioner and external-resizer with leader election: whichever
# holds a lease keeps it, and the other waits. So no claim is ever served by both.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

# The names that upstream's sidecars make of the driver's.
PROVISION_LEASE=kentledge-io
RESIZE_LEASE=external-resizer-kentledge-io

main() {
	needs kubectl helm
	[ "$(id -u)" = 0 ] || skip "a cluster needs root"
	SIDECARS=$("$ROOT/tests/interop/programs")
	cluster_of_its_own provisioners 16449
	must 30 "kentledge's provisioner holds the lease" is_held_by "$PROVISION_LEASE" kentledge-provisioner
	must 30 "and the resizer's" is_held_by "$RESIZE_LEASE" kentledge-provisioner
	theirs_wait
	a_claim_is_ours
	theirs_take_over
	ours_waits
	ours_provisions_beside_their_resizer
}

holder() { kubectl -n default get lease "$1" -o 'jsonpath={.spec.holderIdentity}'; } # LEASE

is_held_by() { [[ "$(holder "$1")" == "$2"* ]]; } # LEASE PREFIX

says() { grep -Eiq "$2" "$WORK/$1.log"; } # PROGRAM EXPRESSION

theirs_wait() {
	local elect=(--csi-address="$SOCKET" --leader-election --leader-election-namespace=default)
	start_sidecar csi-provisioner "${elect[@]}" --extra-create-metadata
	start_sidecar csi-resizer "${elect[@]}"
	must 30 "external-provisioner asks for the lease" \
		says csi-provisioner "attempting to acquire leader lease.*$PROVISION_LEASE"
	must 30 "external-resizer asks for the lease" \
		says csi-resizer "attempting to acquire leader lease.*$RESIZE_LEASE"
	sleep 20 # a lease of theirs lasts 15 s
	is_held_by "$PROVISION_LEASE" kentledge-provisioner ||
		fail "external-provisioner took the lease: $(holder "$PROVISION_LEASE")"
	is_held_by "$RESIZE_LEASE" kentledge-provisioner ||
		fail "external-resizer took the lease: $(holder "$RESIZE_LEASE")"
	! says csi-provisioner "successfully acquired lease" || fail "external-provisioner leads beside ours"
	! says csi-resizer "successfully acquired lease" || fail "external-resizer leads beside ours"
	ok "external-provisioner and external-resizer wait beside ours"
}

a_claim_is_ours() {
	{ claim data && pod reader data "sleep 600"; } | apply
	must 90 "a claim is bound, and its pod runs" pod_is_ready reader
	ask_for_size data 128Mi
	must 60 "its volume grows" volume_has_size data 128Mi
	! says csi-provisioner "successfully created PV" || fail "external-provisioner made a volume"
	! says csi-resizer "resize volume succeeded|Resizing PVC" || fail "external-resizer grew a volume"
	ok "its volume is made and grown by kentledge's provisioner alone"
}

theirs_take_over() {
	kubectl scale deployment/kentledge-provisioner --replicas=0 >/dev/null
	must 60 "external-provisioner leads when ours has ended" \
		says csi-provisioner "successfully acquired lease"
	must 60 "external-resizer leads when ours has ended" says csi-resizer "successfully acquired lease"
}

ours_waits() {
	kubectl scale deployment/kentledge-provisioner --replicas=1 >/dev/null
	must 60 "kentledge's provisioner runs" \
		kubectl rollout status deployment/kentledge-provisioner --timeout=1s
	sleep 20
	! is_held_by "$PROVISION_LEASE" kentledge-provisioner || fail "kentledge's provisioner took the lease"
	! ours_says 'event="?leading' || fail "kentledge's provisioner leads beside theirs"
	ok "kentledge's provisioner waits beside theirs"
	end_sidecar csi-provisioner
	must 60 "it leads when theirs has ended" is_held_by "$PROVISION_LEASE" kentledge-provisioner
}

ours_says() { kubectl logs deployment/kentledge-provisioner | grep -Eq "$1"; } # EXPRESSION

end_sidecar() { # PROGRAM
	stop_sidecar "$1"
	unset "SIDECAR_PIDS[$1]"
}

# One role stands by, the others act.
ours_provisions_beside_their_resizer() {
	must 30 "the role resize stands by, and says for which program" \
		ours_says "role lease held by another process.*lease=$RESIZE_LEASE"
	claim more | apply
	pod more more "sleep 600" | apply
	must 90 "kentledge's provisioner makes a volume" pod_is_ready more
	ask_for_size more 128Mi
	must 60 "external-resizer grows it" volume_has_size more 128Mi
	says csi-resizer "more" || fail "external-resizer does not know of it"
	! ours_says 'event="volume expanded on node".*default/more' || fail "ours grew it too"
	end_sidecar csi-resizer
	must 60 "the role acts when external-resizer has ended" is_held_by "$RESIZE_LEASE" kentledge-provisioner
	# Another claim: what external-resizer has grown may wait for its pod to end.
	{ claim last && pod last last "sleep 600"; } | apply
	must 90 "a claim is bound, and its pod runs" pod_is_ready last
	ask_for_size last 128Mi
	must 60 "it grows the volume" volume_has_size last 128Mi
	ours_says 'event="volume expanded on node".*default/last' || fail "ours did not grow it"
	ok "ours and external-resizer take turns"
}

main
