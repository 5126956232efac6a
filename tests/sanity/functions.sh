# shellcheck shell=bash
# csi-sanity against kentledge-node, in a mount namespace and a folder of their own: the program of
# the release build, or the one that KENTLEDGE_NODE names.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$ROOT/tests/lib/wait.sh"

KENTLEDGE_NODE=${KENTLEDGE_NODE:-$ROOT/build/release/node-plugin/kentledge-node}
SIZE_BYTES=$((320 << 20))
EXPANDED_BYTES=$((640 << 20))
# Compares the topology that it sent with the one that came back as Go structs, and what it sent has a cached size in it: no
# plugin that says where a snapshot can be used passes (csi-test v5.6.0). tests/component/node_health_test.c has the case.
UNFIT='should succeed when creating a snapshot with accessibility requirements'
SKIPPED=1
MAX_VOLUMES=4   # the suite attaches one more and must be refused
READ_IOPS=1000  # what the suite changes a volume to; 0: no limit

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

# sanity ACCESS [PARAMETER=VALUE...]: ACCESS is mount or block, the parameters are the class's.
sanity() {
	local access=$1
	shift
	[ "$(id -u)" = 0 ] || skip "mounts need root"
	[ -n "${SANITY_INSIDE:-}" ] ||
		SANITY_INSIDE=yes exec unshare --mount --propagation private "$0"
	WORK=$(mktemp -d)
	trap clean_up EXIT
	start_plugin
	run_suite "$access" "$@"
	plugin_ends_well
}

clean_up() {
	[ -z "${PLUGIN:-}" ] || kill -KILL "$PLUGIN" 2>/dev/null || true
	rm -rf --one-file-system "$WORK"
}

# With --attach and a limit, so that the suite's cases of ControllerPublishVolume are run too.
start_plugin() {
	[ -x "$KENTLEDGE_NODE" ] || fail "$KENTLEDGE_NODE is not built: run ./dev build first"
	"$KENTLEDGE_NODE" --node-id=node-1 --pool="$WORK/pool" --csi-socket="$WORK/csi.sock" \
		--registration-dir= --http= --attach --max-volumes=$MAX_VOLUMES 2>"$WORK/log" &
	PLUGIN=$!
	wait_for 10 test -S "$WORK/csi.sock" || fail "the plugin does not start: $(cat "$WORK/log")"
}

run_suite() { # ACCESS [PARAMETER=VALUE...]
	local access=$1 pair status=0
	shift
	for pair in "$@"; do echo "${pair%%=*}: \"${pair#*=}\""; done >"$WORK/parameters.yaml"
	echo "readIops: \"$READ_IOPS\"" >"$WORK/mutable.yaml"
	"$("$ROOT/tests/sanity/program")" --csi.endpoint="$WORK/csi.sock" \
		--csi.mountdir="$WORK/target" --csi.stagingdir="$WORK/staging" \
		--csi.testvolumeaccesstype="$access" --csi.testvolumesize=$SIZE_BYTES \
		--csi.testvolumeexpandsize=$EXPANDED_BYTES --csi.testnodevolumeattachlimit \
		--csi.testvolumeparameters="$WORK/parameters.yaml" \
		--csi.testvolumemutableparameters="$WORK/mutable.yaml" \
		--ginkgo.skip="$UNFIT" --ginkgo.no-color >"$WORK/out" 2>&1 || status=$?
	show_result
	[ $status = 0 ] || fail "csi-sanity ended with status $status"
	grep -q "| $SKIPPED Skipped" "$WORK/out" || fail "other than $SKIPPED case was skipped"
}

show_result() {
	grep -E '^ *\[FAIL\]|^Ran |Passed' "$WORK/out" | sort -u
	sed -n '/\[FAILED\]/,/^ *$/p' "$WORK/out" | head -n 60
}

# csi-sanity has removed what it made.
plugin_ends_well() {
	local status=0 left
	kill -TERM "$PLUGIN"
	wait "$PLUGIN" || status=$?
	PLUGIN=
	[ $status = 0 ] || fail "the plugin ended with status $status"
	left=$(find "$WORK/pool" -mindepth 2 | head -n 5)
	[ -z "$left" ] || fail "left in the pool: $left"
	! grep -F "$WORK/" /proc/self/mountinfo || fail "mounts are left"
}
