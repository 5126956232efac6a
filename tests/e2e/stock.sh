#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# On a cluster whose own controller runs StatefulSets the chart installs as it is: the controller
# stands by and says so, and the user's manifest gets its volumes.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	cluster_of_its_own stock 16446 --stock
	kubectl apply -f "$ROOT/tests/demo/web.yaml" >/dev/null
	must 120 "web-0 and web-1 run" both_run
	[ "$(kubectl get pod web-0 --show-managed-fields -o 'jsonpath={.metadata.managedFields[0].manager}')" != kentledge-controller ] ||
		fail "kentledge-controller made the pod"
	must 10 "kentledge-controller stands by" log_has deployment/kentledge-controller 'event="standing by"'
	must 10 "an event says so" has_event StandingBy 'another controller runs apps/v1 StatefulSets'
	kubectl delete pod web-0 >/dev/null
	must 60 "a deleted pod comes back" pod_is_ready web-0
	! log_has deployment/kentledge-controller 'event="pod (created|deleted)"' ||
		fail "kentledge-controller acted all the same"
	ok "kentledge-controller did not act"
}

both_run() { are_ready web-0 web-1; }

undo() { end_cluster; }

main
