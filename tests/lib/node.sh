# shellcheck shell=bash
# The trial cluster's nodes, from the machine they run on. ROOT is the repository.

trial_cluster() { "$ROOT/cluster/cluster" "$@"; }

on_node() { # INDEX COMMAND...
	local i=$1
	shift
	trial_cluster exec --node "$i" -- "$@"
}

# KUBECONFIG names the trial cluster, and it runs.
on_trial_cluster() {
	local state=${KENTLEDGE_STATE:-/var/lib/kentledge-cluster}
	[ "${KUBECONFIG:-}" = "$state/kubeconfig" ] && trial_cluster pid apiserver >/dev/null 2>&1
}

# Loop devices over images in kentledge's pool, one a line. They belong to the machine as a whole.
loop_devices_of_ours() {
	local file
	for file in /sys/block/loop*/loop/backing_file; do
		! grep -Eq "kentledge/pool/|/pvc-" "$file" 2>/dev/null || echo "${file%/loop/backing_file}"
	done
}

no_loop_devices_of_ours() { [ -z "$(loop_devices_of_ours)" ]; }

# kentledge_pid PROGRAM: process ids on this machine, by the file they run.
kentledge_pids() {
	trial_cluster memory | awk -v program="$1" '$1 == program { print $3 }'
}

# node_pool INDEX: the pool of a node, as a path on this machine.
node_pool() { echo "${KENTLEDGE_STATE:-/var/lib/kentledge-cluster}/node$1/kentledge/pool"; }
