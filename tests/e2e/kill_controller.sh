#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the controller when it has made a pod's claim and not the pod: after its restart the set
# is complete, each pod with its one claim. A quota that allows no pods holds it at that point.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	local uid
	use_kentledge
	needs_own_sets
	kubectl create quota no-pods --hard=pods=0 >/dev/null
	must 20 "the quota is in force" quota_is_counted
	kubectl apply -f "$ROOT/tests/demo/web.yaml" >/dev/null
	must 30 "the set's event says that the quota refuses the pod" \
		has_event FailedCreate '[Cc]reate Pod web-0 in StatefulSet web failed .*exceeded quota: no-pods'
	uid=$(field pvc www-web-0 .metadata.uid)
	[ -n "$uid" ] || fail "the claim of the pod was not made first"
	kill_program kentledge-controller
	kubectl delete quota no-pods >/dev/null
	must 150 "both pods run" are_ready web-0 web-1
	[ "$uid" = "$(field pvc www-web-0 .metadata.uid)" ] || fail "web-0 got another claim"
	ok "web-0 has the claim that was made first"
	[ "$(kubectl get pvc -o name | grep -c www-web-)" = 2 ] || fail "there is not one claim for each pod"
	ok "there is one claim for each pod"
}

quota_is_counted() { [ "$(field quota no-pods .status.hard.pods)" = 0 ]; }

main
