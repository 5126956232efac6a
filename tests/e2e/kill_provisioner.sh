#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the provisioner when the volume is made and its PersistentVolume is not yet written:
# after its restart the claim gets that volume and no other; and if the claim was deleted
# meanwhile, the volume goes.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	use_kentledge
	until_hit claim_is_kept
	claim_is_deleted_meanwhile
	kubectl delete pod --all --wait=false >/dev/null
	kubectl delete pvc --all --wait=false >/dev/null
	must 90 "all volumes of the test are gone from the node" no_folder_is_left
}

claim_is_kept() { # ROUND
	kill_before_it_is_written "kept-$1"
	must 120 "the claim is bound" claim_is_bound "kept-$1"
	must 60 "its pod runs" pod_is_ready "kept-$1"
}

folder_of() { # CLAIM
	echo "$(node_pool 1)/volumes/pvc-$(field pvc "$1" .metadata.uid)"
}

# Makes CLAIM and a pod of it, and kills as soon as the volume's folder is there: the folder gets its
# name as the last thing before the node plugin answers.
kill_before_it_is_written() { # CLAIM
	local folder pids deadline=$((SECONDS + 60))
	must 120 "the provisioner is ready" kentledge_is_ready
	mapfile -t pids < <(kentledge_pids kentledge-provisioner)
	claim "$1" | apply
	folder=$(folder_of "$1")
	echo "$folder" >>"$WORK/folders"
	pod "$1" "$1" "sleep 600" | apply
	until [ -e "$folder" ]; do
		[ $SECONDS -lt $deadline ] || fail "no volume was made for $1"
	done
	kill -KILL "${pids[@]}"
	if none pv "fieldSelector=metadata.name=${folder##*/}"; then
		echo "$1: killed between CreateVolume and the PersistentVolume"
		touch "$WORK/hit"
	fi
}

claim_is_deleted_meanwhile() {
	kill_before_it_is_written deleted
	kubectl delete pod deleted --wait=false >/dev/null
	kubectl delete pvc deleted --wait=false >/dev/null
	must 120 "the deleted claim goes" none pvc fieldSelector=metadata.name=deleted
	must 60 "and its volume with it" [ ! -e "$(tail -n 1 "$WORK/folders")" ]
}

no_folder_is_left() {
	local folder
	while read -r folder; do
		[ ! -e "$folder" ] || return 1
	done <"$WORK/folders"
}

main
