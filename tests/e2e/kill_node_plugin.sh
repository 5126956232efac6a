#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the node plugin while it stages a volume: the pod starts all the same, with its data,
# and no loop device is left over.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	use_kentledge
	{ claim data && pod writer data "echo precious >/data/word; sync"; } | apply
	must 60 "a pod has written" pod_phase_is writer Succeeded
	kubectl delete pod writer >/dev/null
	until_hit kill_in_a_stage
	kubectl delete pvc data --wait=false >/dev/null
	must 60 "the volume is deleted" volume_is_gone "$(cat "$WORK/volume")"
	must 20 "no loop device is left of it" no_loop_devices_of "$(cat "$WORK/volume")"
}

loop_devices_of() { # VOLUME
	grep -l -- "/$1/" /sys/block/loop*/loop/backing_file 2>/dev/null
}

no_loop_devices_of() { ! loop_devices_of "$1"; }

# The moment is a loop device appearing for the volume: staging has begun and is not done. The
# loop looks without starting a process, some thousand times in a second.
kill_in_a_stage() { # ROUND
	local volume pids
	volume=$(volume_of data)
	echo "$volume" >"$WORK/volume"
	must 30 "the volume is not staged before" no_loop_devices_of "$volume"
	must 120 "the node plugin is ready" kentledge_is_ready
	mapfile -t pids < <(kentledge_pids kentledge-node)
	pod "reader-$1" data "cat /data/word && sleep 600" | apply
	wait_for_loop_device "$volume" || fail "no loop device came in 30 s"
	kill -KILL "${pids[@]}"
	if ! log_of "$NODE_PLUGIN" | grep "volume=$volume" | tail -n 1 | grep -q 'event="volume staged"'; then
		echo "round $1: killed while staging"
		touch "$WORK/hit"
	fi
	must 150 "round $1: the pod runs" pod_is_ready "reader-$1"
	[ "$(kubectl logs "reader-$1")" = precious ] || fail "round $1: the data is lost"
	ok "round $1: the data is there"
	[ "$(loop_devices_of "$volume" | wc -l)" = 1 ] || fail "round $1: more than one loop device"
	ok "round $1: there is one loop device"
	kubectl delete pod "reader-$1" >/dev/null
}

wait_for_loop_device() { # VOLUME
	local file path deadline=$((SECONDS + 30))
	while [ $SECONDS -lt $deadline ]; do
		for file in /sys/block/loop*/loop/backing_file; do
			if read -r path 2>/dev/null <"$file" && [[ $path == *"/$1/"* ]]; then return 0; fi
		done
	done
	return 1
}

main
