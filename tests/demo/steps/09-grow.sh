# shellcheck shell=bash

step_grow() {
	show "kubectl patch pvc www-web-1 --type=merge -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}'"
	check_within 30 "its PersistentVolume has 2Gi" volume_of_web_1_has 2Gi
	if ! wait_for 5 claim_of_web_1_has 2Gi; then
		bold "(this node's kernel cannot grow ext4 while it is mounted: the claim waits for its next pod)"
		show "kubectl get pvc www-web-1 -o 'jsonpath={.status.conditions[*].type}'"
		check "the claim says so" answer_has FileSystemResizePending
		show "kubectl delete pod web-1"
		check_within 60 "web-1 is back" pod_is_ready web-1
		check_within 60 "the claim has 2Gi" claim_of_web_1_has 2Gi
	fi
	show "kubectl get pvc www-web-1"
	show "kubectl exec web-1 -- df -h /usr/share/nginx/html"
	check "its pod sees them" answer_has ' (1\.9|2\.0)G '
	pages_are_served
}

volume_of_web_1_has() { # SIZE
	[ "$(field pv "$(field pvc www-web-1 .spec.volumeName)" .spec.capacity.storage)" = "$1" ]
}

claim_of_web_1_has() { [ "$(field pvc www-web-1 .status.capacity.storage)" = "$1" ]; } # SIZE
