#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `helm test`, the chart's own, passes and leaves nothing; an upgrade hands the certificates on, and
# makes new ones where one is missing.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	use_kentledge
	helm test kentledge --namespace default --timeout 120s || fail "helm test fails"
	ok "helm test passes"
	must 60 "the test's claim is gone" none pvc labelSelector=app.kubernetes.io/component=test default
	upgrade_keeps_certificates
	missing_certificates_are_made
}

certificates() {
	kubectl -n default get secret kentledge-node-tls kentledge-provisioner-tls \
		-o 'jsonpath={range .items[*]}{.data}{end}'
}

upgrade() { helm upgrade kentledge "$ROOT/charts/kentledge" --namespace default --reuse-values >/dev/null; }

upgrade_keeps_certificates() {
	local old
	old=$(certificates)
	upgrade
	[ "$old" = "$(certificates)" ] || fail "an upgrade changes the certificates"
	ok "an upgrade keeps the certificates"
}

# Both programs read their files again without a restart: a claim made while one of them may have
# the new ones and the other not is served in the end, and another one after that at once.
missing_certificates_are_made() {
	local old
	old=$(certificates)
	kubectl -n default delete secret kentledge-provisioner-tls >/dev/null
	upgrade
	[ "$old" != "$(certificates)" ] || fail "a missing certificate is not made"
	ok "missing certificates are made anew, both"
	{ class "$NAMESPACE" Immediate && claim meanwhile 64Mi "$NAMESPACE"; } | apply
	must 180 "both pods have the new files" files_are_new
	must 180 "a claim made meanwhile is served" claim_is_bound meanwhile
	claim afterwards 64Mi "$NAMESPACE" | apply
	must 60 "a claim made afterwards is served" claim_is_bound afterwards
}

files_are_new() {
	local program
	for program in node provisioner; do
		cmp -s "/proc/$(kentledge_pids "kentledge-$program")/root/tls/tls.crt" \
			<(kubectl -n default get secret "kentledge-$program-tls" -o 'jsonpath={.data.tls\.crt}' | base64 -d) ||
			return 1
	done
}

undo() { KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found "$NAMESPACE" >/dev/null; }

main
