# shellcheck shell=bash
# What a person sees while the cluster works: one line per step with the
# seconds since the command began, and waiting that tells what it waited for.

BEGAN_MS=$(date +%s%3N)

say() {
	local ms=$(($(date +%s%3N) - BEGAN_MS))
	printf '[%3d.%ds] %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$*"
}

# The exit status of a failure that has been explained.
TOLD=3

fail() {
	printf 'cluster: %s\n' "$*" >&2
	exit $TOLD
}

# wait_for SECONDS WHAT COMMAND...: until COMMAND succeeds. A COMMAND that
# returns NEVER ends the waiting at once.
NEVER=9
wait_for() {
	local limit=$1 what=$2 deadline=$(($(date +%s%3N) + $1 * 1000)) status
	shift 2
	while true; do
		status=0
		"$@" >/dev/null 2>&1 || status=$?
		[ $status != 0 ] || return 0
		[ $status != $NEVER ] || fail "waiting until $what is in vain; the logs are in $LOGS"
		[ "$(date +%s%3N)" -lt "$deadline" ] ||
			fail "waited $limit s until $what; the logs are in $LOGS"
		sleep 0.1
	done
}

# Any other command that fails ends the script; say which one it was.
trap_failures() {
	set -E
	trap 'failed $? "$BASH_COMMAND" "${BASH_SOURCE[0]##*/}:$LINENO"' ERR
}

failed() { # STATUS COMMAND PLACE
	[ "$1" = $TOLD ] || echo "cluster: failed: $2 ($3)" >&2
}
