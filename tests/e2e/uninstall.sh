#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `helm uninstall` takes away all that the chart made, and leaves the volumes: claims and data are
# there, and after another install they serve again.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

undo() { KUBECONFIG=$ADMIN_KUBECONFIG kubectl -n default get daemonset kentledge-node >/dev/null 2>&1 || install; }

install() {
	KUBECONFIG=$ADMIN_KUBECONFIG helm install kentledge "$ROOT/charts/kentledge" --namespace default "${RESERVE[@]}" \
		--wait --timeout 120s --set storageClasses.kentledge-directory.create=true >/dev/null
}

objects_of_the_chart() {
	kubectl get --all-namespaces -o name -l app.kubernetes.io/name=kentledge \
		all,secret,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding,networkpolicy,storageclass,csidriver
}

nothing_of_the_chart() {
	local found
	found=$(objects_of_the_chart) && [ -z "$found" ]
}

main() {
	local folder
	use_kentledge
	{ claim data && pod writer data "echo precious >/data/word; sync"; } | apply
	must 60 "a pod has written" pod_phase_is writer Succeeded
	kubectl delete pod writer >/dev/null
	folder=$(node_pool 1)/volumes/$(volume_of data)
	helm uninstall kentledge --namespace default --wait --timeout 60s >/dev/null
	must 30 "nothing of the chart is left" nothing_of_the_chart
	must 10 "the probe of the controller is gone" none statefulset fieldSelector=metadata.name=kentledge-probe default
	kubectl get customresourcedefinition volumesnapshots.snapshot.storage.k8s.io >/dev/null ||
		fail "the kinds of snapshots are gone, and the snapshots of all drivers with them"
	claim_is_bound data || fail "the claim is not bound any more"
	[ -e "$folder" ] || fail "the volume is gone"
	ok "claim and volume stay"
	install
	pod reader data "cat /data/word" | apply
	must 60 "after another install a pod reads it" pod_phase_is reader Succeeded
	[ "$(kubectl logs reader)" = precious ] || fail "the data is lost"
	ok "the data is there"
}

main
