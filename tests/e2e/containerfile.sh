#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The image that the Containerfile makes serves as the assembled one does: the chart is upgraded to
# it, its own test passes, and the programs run without what the image lacks.
set -euo pipefail
. "$(dirname "$0")/functions.sh"
. "$ROOT/images/names.sh"

main() {
	local archive
	needs buildah mmdebstrap ctr
	[ "$(id -u)" = 0 ] || skip "building the image needs root"
	archive=$("$ROOT/images/containerfile")
	ok "the Containerfile builds"
	use_kentledge
	import "$archive"
	upgrade --set image.tag="${CONTAINERFILE_IMAGE##*:}" --set image.pullPolicy=Never
	must 90 "kentledge runs from the image" runs_from_the_image
	must 60 "kentledge is ready" kentledge_is_ready
	helm test kentledge --namespace default --timeout 120s || fail "helm test fails"
	ok "helm test passes"
	local fstype
	for fstype in ext4 xfs btrfs; do
		serves "$fstype"
	done
}

import() { # ARCHIVE
	local socket
	for socket in "${KENTLEDGE_STATE:-/var/lib/kentledge-cluster}"/node*/containerd.sock; do
		ctr --address "$socket" --namespace k8s.io images import "$1" >/dev/null
	done
}

upgrade() {
	helm upgrade kentledge "$ROOT/charts/kentledge" --namespace default --reuse-values "$@" >/dev/null
}

images_of_pods() {
	kubectl -n default get pods -l app.kubernetes.io/name=kentledge \
		-o 'jsonpath={range .items[*]}{.spec.containers[0].image}{"\n"}{end}'
}

runs_from_the_image() { [ "$(images_of_pods | sort -u)" = "$CONTAINERFILE_IMAGE" ]; }

# The image holds each tool that makes a file system.
serves() { # FSTYPE
	{
		class "$NAMESPACE-$1" WaitForFirstConsumer "backend: loop, csi.storage.k8s.io/fstype: $1"
		claim "$1" 512Mi "$NAMESPACE-$1"
		pod "$1" "$1" 'echo page >/data/index.html && sync'
	} | apply
	must 90 "a pod writes to a new volume of $1" pod_phase_is "$1" Succeeded
	kubectl delete pod,pvc "$1" --wait=false >/dev/null
}

undo() {
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found \
		"$NAMESPACE-ext4" "$NAMESPACE-xfs" "$NAMESPACE-btrfs" >/dev/null
	upgrade --set image.tag= --set image.pullPolicy=IfNotPresent
	wait_for 90 kentledge_is_ready
}

main
