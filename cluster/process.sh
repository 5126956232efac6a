# shellcheck shell=bash
# A process of the cluster: a long-running program started by us and known by
# a name such as `node1.kubelet`. Its record in PROCESSES holds the process id
# and the start time in clock ticks, so that a number the kernel has given to
# somebody else since is never taken for it. The record is written before the
# program replaces the shell: at no moment does a process run that has none.

process_start_time() { # PID
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	# The command's name, in brackets, may hold blanks: count from behind it.
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	[ "$1" != Z ] && echo "${20}"
}

# process_start NAME COMMAND...
process_start() {
	local name=$1 pid
	shift
	(
		pid=$BASHPID # inside $( ) it would be another's
		echo "$pid $(process_start_time "$pid")" >"$PROCESSES/$name"
		exec 9>&-
		cd /
		exec setsid "$@" </dev/null >>"$LOGS/$name.log" 2>&1
	) &
}

# process_pid NAME: prints the id of the running process, or fails.
process_pid() {
	local pid started
	read -r pid started 2>/dev/null <"$PROCESSES/$1" || return 1
	[ "$(process_start_time "$pid")" = "$started" ] || return 1
	echo "$pid"
}

process_names() { ls "$PROCESSES" 2>/dev/null || true; }

process_kill() { # NAME
	local pid
	pid=$(process_pid "$1") || return 0
	kill -KILL "$pid" 2>/dev/null || true
	while process_pid "$1" >/dev/null; do sleep 0.02; done
}

# What is the process's alone, and its share of what it has in common with others (proc_pid_smaps(5)).
process_memory_kb() { # PID -> PRIVATE PSS
	awk '/^Private_(Clean|Dirty):/ { private += $2 } /^Pss:/ { pss = $2 } END { print private, pss }' \
		"/proc/$1/smaps_rollup" 2>/dev/null
}
