# shellcheck shell=bash
# The upstream sidecars at the socket of the node plugin, on a trial cluster of their own in which
# kentledge's provisioner does not run. They are processes on the node, as its administrator: beside
# the plugin in its pod they would do the same.
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/functions.sh"

SIDECARS=
declare -A SIDECAR_PIDS=() # by program
SOCKET=/var/lib/kubelet/plugins/kentledge.io/csi.sock

cluster_with_sidecars() { # NAME PORT
	needs kubectl helm
	[ "$(id -u)" = 0 ] || skip "a cluster needs root"
	SIDECARS=$("$ROOT/tests/interop/programs")
	cluster_of_its_own "$1" "$2"
	kubectl scale deployment/kentledge-provisioner --replicas=0 >/dev/null
	must 30 "kentledge's own provisioner does not run" \
		none pods labelSelector=app.kubernetes.io/component=provisioner
	define_snapshots
	start_sidecars
}

# The chart has written those kinds that it serves. Here they are as the sidecars expect them.
define_snapshots() {
	kubectl apply --server-side --force-conflicts -f "$SIDECARS/crd" >/dev/null
	kubectl wait --for=condition=Established --timeout=30s -f "$SIDECARS/crd" >/dev/null
}

# They may ask the API as often as they like: here somebody waits for them.
FAST=(--kube-api-qps=100 --kube-api-burst=200 --retry-interval-max=5s)

# Each as its README says for a driver whose volumes lie on nodes.
start_sidecars() {
	start_sidecar snapshot-controller --enable-distributed-snapshotting
	start_sidecar csi-provisioner --csi-address="$SOCKET" --node-deployment --strict-topology \
		--immediate-topology=false --extra-create-metadata \
		--enable-capacity --capacity-ownerref-level=-1 --capacity-poll-interval=2s
	start_sidecar csi-resizer --csi-address="$SOCKET" --extra-modify-metadata
	start_sidecar csi-snapshotter --csi-address="$SOCKET" --extra-create-metadata --node-deployment
}

start_sidecar() { # PROGRAM FLAGS...
	local program=$1
	shift
	(exec "$ROOT/cluster/cluster" exec --node 1 -- env NODE_NAME=node1 NAMESPACE=default \
		"$SIDECARS/$program" --kubeconfig="$KUBECONFIG" --v=4 "${FAST[@]}" "$@") \
		>>"$WORK/$program.log" 2>&1 &
	SIDECAR_PIDS[$program]=$!
	disown $! # whose end is nothing to tell of
}

stop_sidecar() { # PROGRAM
	kill "${SIDECAR_PIDS[$1]}"
	wait_for 10 is_gone "${SIDECAR_PIDS[$1]}" || fail "$1 does not end"
}

is_gone() { ! kill -0 "$1"; } # PID

sidecars_still_run() {
	kill -0 "${SIDECAR_PIDS[@]}" || fail "one of the sidecars has ended"
	ok "no sidecar has ended"
}

undo() {
	[ ${#SIDECAR_PIDS[@]} = 0 ] || kill -KILL "${SIDECAR_PIDS[@]}" 2>/dev/null || true
	end_cluster
}

show_trouble() {
	[ -n "${OWN_CLUSTER:-}" ] || return 0
	local program
	{
		echo "--- $TEST: what the cluster says"
		kubectl get pods,pvc,pv,volumesnapshots,volumesnapshotcontents
		kubectl get events --sort-by=.metadata.creationTimestamp | tail -n 25
		echo "--- $NODE_PLUGIN"
		kubectl logs "$NODE_PLUGIN" --tail=40
		for program in "$SIDECARS"/*-*; do
			program=$(basename "$program")
			echo "--- $program"
			grep -E '^[EFW]' "$WORK/$program.log" | tail -n 15
		done
	} >&2 2>&1
}
