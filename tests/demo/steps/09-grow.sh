# shellcheck shell=bash

step_grow() {
	show "kubectl patch pvc www-web-1 --type=merge -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}'"
	check_within 30 "its PersistentVolume has 2Gi" volume_of_web_1_has 2Gi
	wait_for 5 claim_of_web_1_has 2Gi || grow_without_pod
	show "kubectl get pvc www-web-1"
	show "kubectl exec web-1 -- df -h /usr/share/nginx/html"
	check "its pod sees them" answer_has ' (1\.9|2\.0)G '
	pages_are_served
}

grow_without_pod() {
	bold "(this node plugin cannot grow ext4 while it is mounted: the claim says so)"
	show "kubectl get pvc www-web-1 -o 'jsonpath={.status.conditions[*].type}'"
	check "it waits for the file system" answer_has FileSystemResizePending
	show "kubectl scale statefulset web --replicas=1"
	check_within 60 "web-1 has stopped" only_web_0
	# The kubelet unmounts the volume a moment after its last pod.
	sleep 3
	show "kubectl scale statefulset web --replicas=2"
	check_within 60 "web-1 is back" pod_is_ready web-1
	check_within 60 "the claim has 2Gi" claim_of_web_1_has 2Gi
}

volume_of_web_1_has() { # SIZE
	[ "$(field pv "$(field pvc www-web-1 .spec.volumeName)" .spec.capacity.storage)" = "$1" ]
}

claim_of_web_1_has() { [ "$(field pvc www-web-1 .status.capacity.storage)" = "$1" ]; } # SIZE
