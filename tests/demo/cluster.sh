# shellcheck shell=bash disable=SC2034
# The cluster the demo runs on: the trial cluster, built and started where that is needed and ended
# afterwards unless it was up before; or, with --on-current, the one that KUBECONFIG names.

use_trial_cluster() {
	local began
	began=$(now_ms)
	WAS_UP=
	[ ! -e "$STATE/up" ] || WAS_UP=yes
	STARTED=yes
	make_ready || die "the trial cluster could not be made ready"
	PATH=$("$ROOT/cluster/programs"):$PATH
	export PATH KUBECONFIG=$STATE/kubeconfig
	NAMESPACE=default
	WEB=tests/demo/web.yaml BUSYBOX=busybox:1.28
	PREPARATION_S=$(seconds_since "$began")
}

make_ready() {
	"$ROOT/.ci/packages" build run cluster images demo &&
		build_all &&
		"$ROOT/dev" cluster up &&
		"$ROOT/dev" images
}

# The cluster's programs and ours at once: while the one build fetches sources or links, the other
# has a processor.
build_all() {
	local cluster
	"$ROOT/cluster/programs" >/dev/null &
	cluster=$!
	"$ROOT/dev" build release || {
		kill "$cluster"
		return 1
	}
	wait "$cluster"
}

end_trial_cluster() {
	[ -n "${STARTED:-}" ] || return 0
	echo
	if [ -n "$KEEP$WAS_UP" ]; then
		echo "the cluster is up; for kubectl in your shell:"
		echo "  export KUBECONFIG=$STATE/kubeconfig PATH=$("$ROOT/cluster/programs"):\$PATH"
		echo "and to end it: ./dev cluster down"
	else
		"$ROOT/dev" cluster down
	fi
}

# A user's kubeconfig is left as it is: ours is a copy whose context names the demo's namespace.
use_current_cluster() {
	kubectl version >"$WORK/version" 2>&1 || {
		cat "$WORK/version" >&2
		die "no cluster answers; KUBECONFIG=${KUBECONFIG:-}"
	}
	NAMESPACE=kentledge-demo
	# The same with names that every runtime of today resolves and pulls.
	WEB=docs/web.yaml BUSYBOX=docker.io/library/busybox:1.28
	(umask 077 && kubectl config view --raw --flatten --minify >"$WORK/kubeconfig")
	export KUBECONFIG=$WORK/kubeconfig
	kubectl config set-context --current --namespace="$NAMESPACE" >/dev/null
}

on_trial() { [ -z "$ON_CURRENT" ]; }

die() {
	echo "demo: $*" >&2
	exit 2
}

need_programs() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || die "$program is not on PATH"
	done
}
