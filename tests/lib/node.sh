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

# kentledge_pids PROGRAM: process ids on this machine, by the file they run.
kentledge_pids() {
	trial_cluster memory | awk -v program="$1" '$1 == program { print $3 }'
}

# node_pool INDEX: the pool of a node, as a path on this machine.
node_pool() { echo "${KENTLEDGE_STATE:-/var/lib/kentledge-cluster}/node$1/kentledge/pool"; }
