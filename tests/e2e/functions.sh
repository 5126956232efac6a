# shellcheck shell=bash
# What the end-to-end tests share. A test works in a namespace of its own on the cluster that
# KUBECONFIG names, with kentledge installed in `default`; exit status 77 is a skip.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for part in wait api objects node; do
	# shellcheck disable=SC1090
	. "$ROOT/tests/lib/$part.sh"
done

TEST=$(basename "$0" .sh)
NAMESPACE=
NODE_PLUGIN=daemonset/kentledge-node
WORK=$(mktemp -d)
trap 'clean_up $?' EXIT

clean_up() { # EXIT-STATUS
	local status=$1
	trap - EXIT
	[ "$status" = 0 ] || [ "$status" = 77 ] || show_trouble || true
	[ -z "$NAMESPACE" ] || remove_namespace || true
	api_close
	# A test that skips has not begun.
	[ "$status" = 77 ] || ! declare -F undo >/dev/null || undo || true
	rm -rf "$WORK"
	exit "$status"
}

ok() { echo "ok: $*"; }

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

needs() { # PROGRAM...
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || skip "$program is not on PATH"
	done
}

# must SECONDS SENTENCE COMMAND...: true within the time, or the test has failed.
must() {
	local limit=$1 sentence=$2
	shift 2
	wait_for "$limit" "$@" || fail "not so after $limit s: $sentence"
	ok "$sentence"
}

needs_trial_cluster() {
	needs kubectl helm
	on_trial_cluster || skip "KUBECONFIG does not name a running trial cluster (./dev cluster up)"
}

needs_own_sets() {
	[ ! -e "${KENTLEDGE_STATE:-/var/lib/kentledge-cluster}/stock" ] ||
		skip "the cluster runs StatefulSets by its own controller"
}

# The disk of a trial cluster's machine may be well filled, and its kubelet acts at 1Gi only.
RESERVE=(--set node.reservePercent=5)

# Installs the chart where it is not there, and makes the test's namespace the context's.
use_kentledge() {
	needs_trial_cluster
	helm status kentledge --namespace default >/dev/null 2>&1 ||
		helm install kentledge "$ROOT/charts/kentledge" --namespace default --wait --timeout 120s \
			"${RESERVE[@]}" --set storageClasses.kentledge-directory.create=true >/dev/null
	api_open "$WORK"
	must 60 "kentledge is installed and ready" kentledge_is_ready
	cp "$KUBECONFIG" "$WORK/kubeconfig"
	export ADMIN_KUBECONFIG=$KUBECONFIG KUBECONFIG=$WORK/kubeconfig
	NAMESPACE=e2e-${TEST//_/-}-$$
	kubectl create namespace "$NAMESPACE" >/dev/null
	kubectl config set-context --current --namespace="$NAMESPACE" >/dev/null
}

kentledge_is_ready() {
	kubectl -n default rollout status "$NODE_PLUGIN" --timeout=1s &&
		kubectl -n default rollout status deployment/kentledge-provisioner --timeout=1s &&
		kubectl -n default rollout status deployment/kentledge-controller --timeout=1s
}

# The claims first: their volumes are deleted while the namespace is still there to show events.
remove_namespace() {
	kubectl delete statefulset,pod,pvc --all --wait=false >/dev/null 2>&1
	wait_for 60 none pvc
	kubectl delete namespace "$NAMESPACE" --wait=false >/dev/null
}

show_trouble() {
	[ -n "$NAMESPACE" ] || return 0
	{
		echo "--- $TEST: what the cluster says"
		kubectl get pods,pvc,pv -o wide
		kubectl get events --sort-by=.metadata.creationTimestamp | tail -n 25
		local name
		for name in "$NODE_PLUGIN" deployment/kentledge-provisioner deployment/kentledge-controller; do
			echo "--- $name"
			kubectl -n default logs "$name" --tail=25
		done
	} >&2 2>&1
}

# claim NAME [SIZE [CLASS [MODE]]]: a manifest on standard output.
claim() {
	cat <<-YAML
		---
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: $1}
		spec:
		  accessModes: [${4:-ReadWriteOnce}]
		  storageClassName: ${3:-kentledge}
		  resources: {requests: {storage: $(printf '"%s"' "${2:-64Mi}")}}
	YAML
}

# pod NAME CLAIM COMMAND [NODE]: a Pod with the claim at /data.
pod() {
	cat <<-YAML
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: $1}
		spec:
		  restartPolicy: Never
		  terminationGracePeriodSeconds: 0
		  nodeSelector: {${4:+kubernetes.io/hostname: $4}}
		  containers:
		    - name: main
		      image: busybox:1.28
		      command: [sh, -c, '$3']
		      volumeMounts: [{name: data, mountPath: /data}]
		  volumes:
		    - name: data
		      persistentVolumeClaim: {claimName: $2}
	YAML
}

# class NAME BINDING [PARAMETERS]: parameters as YAML within braces.
class() {
	cat <<-YAML
		---
		apiVersion: storage.k8s.io/v1
		kind: StorageClass
		metadata: {name: $1}
		provisioner: kentledge.io
		volumeBindingMode: $2
		allowVolumeExpansion: true
		parameters: {${3:-backend: loop}}
	YAML
}

snapshot_class() { # NAME
	cat <<-YAML
		---
		apiVersion: snapshot.storage.k8s.io/v1
		kind: VolumeSnapshotClass
		metadata: {name: $1}
		driver: kentledge.io
		deletionPolicy: Delete
	YAML
}

snapshot() { # NAME CLAIM CLASS
	cat <<-YAML
		---
		apiVersion: snapshot.storage.k8s.io/v1
		kind: VolumeSnapshot
		metadata: {name: $1}
		spec:
		  volumeSnapshotClassName: $3
		  source: {persistentVolumeClaimName: $2}
	YAML
}

snapshot_is_ready() { [ "$(field snapshot "$1" .status.readyToUse)" = true ]; } # NAME

apply() { kubectl apply -f - >/dev/null; }

pod_phase_is() { [ "$(field pod "$1" .status.phase)" = "$2" ]; }

volume_of() { field pvc "$1" .spec.volumeName; } # CLAIM

ask_for_size() { # CLAIM SIZE
	kubectl patch pvc "$1" --patch "{\"spec\": {\"resources\": {\"requests\": {\"storage\": \"$2\"}}}}" >/dev/null
}

claim_has_size() { [ "$(field pvc "$1" .status.capacity.storage)" = "$2" ]; } # CLAIM SIZE

volume_has_size() { # CLAIM SIZE
	[ "$(field pv "$(volume_of "$1")" .spec.capacity.storage)" = "$2" ]
}

volume_is_gone() { none pv "fieldSelector=metadata.name=$1"; } # VOLUME

# log_of PROGRAM-OBJECT: all of its current container's log, and the one before it.
log_of() {
	kubectl -n default logs "$1" --previous 2>/dev/null || true
	kubectl -n default logs "$1" 2>/dev/null || true
}

log_has() { # OBJECT EXPRESSION
	log_of "$1" | grep -Eq -- "$2"
}

# kill_program PROGRAM: kill -9 of its processes on this machine.
kill_program() {
	local pids
	mapfile -t pids < <(kentledge_pids "$1")
	[ ${#pids[@]} -gt 0 ] || fail "no process of $1"
	kill -KILL "${pids[@]}"
}

claim_event() { # NAME EXPRESSION: a warning about the object of that name says so
	api "$(api_list events)?fieldSelector=involvedObject.name=$1,type=Warning" |
		jq --raw-output '.items[] | "\(.reason): \(.message)"' |
		tee "$WORK/events" | grep -Eq -- "$2"
}

# What a test installs the chart with beside the defaults.
VALUES=()

# cluster_of_its_own NAME PORT ARGUMENTS...: another trial cluster beside the one there is, with
# kentledge installed; end_cluster ends it.
cluster_of_its_own() {
	local port=$2
	needs kubectl helm
	[ "$(id -u)" = 0 ] || skip "a cluster needs root"
	export KENTLEDGE_STATE=/var/lib/kentledge-$1 KENTLEDGE_API_PORT=$port
	shift 2
	OWN_CLUSTER=yes
	trial_cluster up "$@"
	trial_cluster load
	export KUBECONFIG=$KENTLEDGE_STATE/kubeconfig
	api_open "$WORK"
	helm install kentledge "$ROOT/charts/kentledge" --wait --timeout 120s "${RESERVE[@]}" \
		"${VALUES[@]}" >/dev/null
	must 60 "kentledge is installed and ready" kentledge_is_ready
}

end_cluster() {
	[ -z "${OWN_CLUSTER:-}" ] || trial_cluster down
}

# until_hit COMMAND...: rounds of a kill that is meant for a certain moment, until one met it: the
# command, given the number of the round, leaves the file $WORK/hit. Never met, nothing was tested.
until_hit() {
	local round
	for round in 1 2 3; do
		"$@" "$round"
		[ ! -e "$WORK/hit" ] || return 0
		echo "round $round: the moment was missed"
	done
	skip "three kills, and none met the moment"
}
