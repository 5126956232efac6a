# shellcheck shell=bash
# What a person sees: a command as it is typed, its answer, and what is checked about it.

SHOW_LIMIT_S=120

bold() { if [ -t 1 ]; then printf '\e[1m%s\e[0m\n' "$1"; else printf '%s\n' "$1"; fi; }

# show COMMAND: types it, runs it, keeps its answer in $WORK/answer. Its failure is the step's.
show() {
	show_any "$1" || miss "exit status $? from: $1"
}

# For a command that is meant to fail: returns its exit status.
show_any() {
	bold "\$ $1"
	timeout --kill-after=5 "$SHOW_LIMIT_S" bash -c "$1" </dev/null 2>&1 | tee "$WORK/answer"
	return "${PIPESTATUS[0]}"
}

# For `-i -t`: the command gets a pseudo-terminal, as it has on a person's desk.
show_on_terminal() {
	bold "\$ $1"
	timeout --kill-after=5 "$SHOW_LIMIT_S" "$DEMO/on_terminal" "$1" 2>&1 |
		tr -d '\r' | tee "$WORK/answer"
	[ "${PIPESTATUS[0]}" = 0 ] || miss "failed: $1"
}

# show_until COMMAND SECONDS CONDITION...: for `-w`, ended as by ctrl-C once the condition holds.
show_until() {
	local command=$1 limit=$2 pid
	shift 2
	bold "\$ $command"
	bash -c "exec $command" </dev/null > >(tee "$WORK/answer") 2>&1 &
	pid=$!
	wait_for "$limit" "$@" || miss "not so after $limit s: $*"
	# The last change is on its way.
	sleep 0.3
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

answer_has() { grep -Eq -- "$1" "$WORK/answer"; }

answer_is() { [ "$(cat "$WORK/answer")" = "$1" ]; }

# check SENTENCE COMMAND...: the sentence is true if the command succeeds.
check() {
	local sentence=$1
	shift
	if "$@" >/dev/null 2>&1; then
		printf '  ✓ %s\n' "$sentence"
	else
		miss "$sentence"
	fi
}

# check_within SECONDS SENTENCE COMMAND...
check_within() {
	local limit=$1 sentence=$2
	shift 2
	check "$sentence" wait_for "$limit" "$@"
}

miss() {
	printf '  ✗ %s\n' "$1"
	STEP_MISSES=$((STEP_MISSES + 1))
}

skipped() {
	printf '  - skipped: %s\n' "$1"
	STEP_SKIPS=$((STEP_SKIPS + 1))
}
