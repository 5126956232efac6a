# shellcheck shell=bash
# Waiting with a bound, and the clock in milliseconds.

now_ms() { date +%s%3N; }

# wait_for SECONDS COMMAND...: succeeds once COMMAND does, fails when the time is over.
wait_for() {
	local deadline=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt "$deadline" ] || return 1
		sleep 0.2
	done
}

# median: of the numbers on standard input, one a line; nothing where there is none.
median() {
	sort -g | awk '{ value[NR] = $1 } END { if (NR) print value[int((NR + 1) / 2)] }'
}
