# shellcheck shell=bash

step_install() {
	if [ -n "${INSTALLED:-}" ]; then
		echo "kentledge is installed already, in namespace $INSTALLED"
		show "helm list --namespace $INSTALLED"
	else
		show "helm install kentledge charts/kentledge --wait"
	fi
	show "kubectl get sc,csidriver,ds,deploy --namespace $KENTLEDGE_NAMESPACE"
	check "kentledge is the default class" answer_has \
		'/kentledge \(default\) +kentledge\.io +Delete +WaitForFirstConsumer'
	check "the driver is known to the cluster" answer_has 'csidriver\S*/kentledge\.io '
	check "the node plugin runs on each node" daemonset_is_complete
	check "the provisioner is ready" deployment_is_ready kentledge-provisioner
	check "the controller is ready" deployment_is_ready kentledge-controller
}

daemonset_is_complete() {
	local counts
	counts=$(kubectl -n "$KENTLEDGE_NAMESPACE" get daemonset kentledge-node \
		-o 'jsonpath={.status.desiredNumberScheduled} {.status.numberReady}')
	[ "${counts% *}" -gt 0 ] && [ "${counts% *}" = "${counts#* }" ]
}

deployment_is_ready() {
	[ "$(kubectl -n "$KENTLEDGE_NAMESPACE" get deployment "$1" \
		-o 'jsonpath={.status.readyReplicas}')" -ge 1 ]
}
