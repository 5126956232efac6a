# shellcheck shell=bash

step_install() {
	if [ -n "${INSTALLED:-}" ]; then
		echo "kentledge is installed already, in namespace $INSTALLED"
		show "helm list --namespace $INSTALLED"
	elif on_trial; then
		show "helm install kentledge charts/kentledge --wait"
	else
		show "helm install kentledge charts/kentledge --namespace $KENTLEDGE_NAMESPACE --create-namespace --wait"
	fi
	show "kubectl get sc,csidriver,ds,deploy --namespace $KENTLEDGE_NAMESPACE"
	check "kentledge is the default class" answer_has \
		'/kentledge \(default\) +kentledge\.io +Delete +WaitForFirstConsumer'
	check "the driver is known to the cluster" answer_has '^csidriver\S*/kentledge\.io '
	check "the node plugin is ready on each node" answer_has \
		'^daemonset\S*/kentledge-node +([1-9][0-9]*) +\1 +\1 '
	check "the provisioner is ready" answer_has '^deployment\S*/kentledge-provisioner +([1-9][0-9]*)/\1 '
	check "the controller is ready" answer_has '^deployment\S*/kentledge-controller +([1-9][0-9]*)/\1 '
}
