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
	must 60 "the test's claim is gone" none --namespace default pvc -l app.kubernetes.io/component=test
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

# Both pods read their files again without a restart: a claim is served in the end.
missing_certificates_are_made() {
	local old
	old=$(certificates)
	kubectl -n default delete secret kentledge-provisioner-tls >/dev/null
	upgrade
	[ "$old" != "$(certificates)" ] || fail "a missing certificate is not made"
	ok "missing certificates are made anew, both"
	{ class "$NAMESPACE" Immediate && claim data 64Mi "$NAMESPACE"; } | apply
	must 180 "a claim is served with the new certificates" claim_is_bound data
}

undo() { KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found "$NAMESPACE" >/dev/null; }

main
