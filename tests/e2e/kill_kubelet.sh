#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the kubelet, once with a pod running and once with a pod starting: the running one goes
# on with its volume, the starting one starts.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	local uid
	use_kentledge
	{ claim data && pod runs data "echo precious >/data/word; sleep 3600"; } | apply
	must 60 "a pod runs" pod_is_ready runs
	uid=$(field pod runs .metadata.uid)
	{ claim other && pod starts other "echo begun >/data/word; sleep 3600"; } | apply
	must 30 "the second claim is bound: its pod is about to start" claim_is_bound other
	trial_cluster restart kubelet
	must 120 "the starting pod starts" pod_is_ready starts
	must 60 "the running pod is ready" pod_is_ready runs
	[ "$(field pod runs '"\(.metadata.uid) \(.status.containerStatuses[0].restartCount)"')" = "$uid 0" ] ||
		fail "the running pod was restarted"
	ok "the running pod was not restarted"
	[ "$(kubectl exec runs -- cat /data/word)" = precious ] || fail "the running pod's data is gone"
	[ "$(kubectl exec starts -- cat /data/word)" = begun ] || fail "the starting pod's data is gone"
	ok "both see their data"
	kubectl delete pod --all --wait=false >/dev/null
	must 60 "both pods can be deleted after it" none pods
	kubectl delete pvc --all --wait=false >/dev/null
	must 60 "and their claims" none pvc
}

main
