#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kentledge's provisioner beside external-provisioner with leader election: whichever of them holds the
# lease keeps it, and the other waits. So no claim is ever served by both.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

# The name that external-provisioner makes of the driver's.
LEASE=kentledge-io

main() {
	needs kubectl helm
	[ "$(id -u)" = 0 ] || skip "a cluster needs root"
	SIDECARS=$("$ROOT/tests/interop/programs")
	cluster_of_its_own provisioners 16449
	must 30 "kentledge's provisioner holds the lease" is_held_by kentledge-provisioner
	theirs_waits
	a_claim_is_ours
	theirs_takes_over
	ours_waits
}

holder() { kubectl -n default get lease "$LEASE" -o 'jsonpath={.spec.holderIdentity}'; }

is_held_by() { [[ "$(holder)" == "$1"* ]]; } # PREFIX

theirs_says() { grep -Eiq "$1" "$WORK/csi-provisioner.log"; } # EXPRESSION

theirs_waits() {
	start_sidecar csi-provisioner --csi-address="$SOCKET" --leader-election \
		--leader-election-namespace=default --extra-create-metadata
	must 30 "external-provisioner asks for the lease" \
		theirs_says "attempting to acquire leader lease.*$LEASE"
	sleep 20 # a lease of theirs lasts 15 s
	is_held_by kentledge-provisioner || fail "external-provisioner took the lease: $(holder)"
	! theirs_says "successfully acquired lease" ||
		fail "external-provisioner leads beside ours"
	ok "external-provisioner waits beside ours"
}

a_claim_is_ours() {
	{ claim data && pod reader data "sleep 600"; } | apply
	must 90 "a claim is bound, and its pod runs" pod_is_ready reader
	! theirs_says "successfully created PV" ||
		fail "external-provisioner made a volume"
	ok "its volume is made by kentledge's provisioner alone"
}

theirs_takes_over() {
	kubectl scale deployment/kentledge-provisioner --replicas=0 >/dev/null
	must 60 "external-provisioner leads when ours has ended" \
		theirs_says "successfully acquired lease"
}

ours_waits() {
	kubectl scale deployment/kentledge-provisioner --replicas=1 >/dev/null
	must 60 "kentledge's provisioner runs" \
		kubectl rollout status deployment/kentledge-provisioner --timeout=1s
	sleep 20
	! is_held_by kentledge-provisioner || fail "kentledge's provisioner took the lease"
	! kubectl logs deployment/kentledge-provisioner | grep -q 'event="\?leading' ||
		fail "kentledge's provisioner leads beside theirs"
	ok "kentledge's provisioner waits beside theirs"
	stop_sidecar csi-provisioner
	unset 'SIDECAR_PIDS[csi-provisioner]'
	must 60 "it leads when theirs has ended" is_held_by kentledge-provisioner
}

main
