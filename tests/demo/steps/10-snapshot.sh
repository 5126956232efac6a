# shellcheck shell=bash

step_snapshot() {
	if ! api "$(api_list snapshot)" | jq -e .items >/dev/null; then
		skipped "the cluster does not serve VolumeSnapshots"
		return
	fi
	have_class || return 0
	show "kubectl apply -f docs/snapshot.yaml"
	check_within 75 "the snapshot of web-0's volume is ready" snapshot_of_web_0_is_ready
	show "kubectl get volumesnapshot www-web-0"
	show "kubectl exec web-0 -- sh -c 'echo spoilt > /usr/share/nginx/html/index.html'"
	restore
	show "kubectl delete -f docs/snapshot.yaml"
	show "kubectl exec web-0 -- sh -c 'hostname > /usr/share/nginx/html/index.html'"
	pages_are_served
}

# As the chart's notes say: the first upgrade makes the class, since helm makes none together with its kind.
have_class() {
	! has_class || return 0
	if [ -n "${INSTALLED:-}" ]; then
		skipped "the installed release has made no VolumeSnapshotClass yet"
		return 1
	fi
	show "helm upgrade kentledge charts/kentledge --namespace $KENTLEDGE_NAMESPACE --reset-then-reuse-values --wait"
	check "there is a class of snapshots" has_class
}

has_class() {
	api /apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses |
		jq -e '.items[] | select(.driver == "kentledge.io")' >/dev/null
}

snapshot_of_web_0_is_ready() { [ "$(field snapshot www-web-0 .status.readyToUse)" = true ]; }

restore() {
	bold "(into a claim of 2Gi, on the node of the snapshot)"
	show "kubectl apply -f docs/restore.yaml"
	check_within 60 "a pod of the restored claim runs" pod_is_ready restored
	show "kubectl exec restored -- cat /usr/share/nginx/html/index.html"
	check "its page is the one of the snapshot" answer_is web-0
	show "kubectl exec restored -- df -h /usr/share/nginx/html"
	check "its file system has 2Gi" answer_has ' (1\.9|2\.0)G '
	show "kubectl delete -f docs/restore.yaml"
}
