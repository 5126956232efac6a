# shellcheck shell=bash
# What the cluster is and what it costs.

status() {
	is_up || {
		echo "the cluster is down"
		return 1
	}
	echo "API $API_URL, files $STATE, $(node_indices | wc -l) node(s)$(status_mode)"
	echo
	memory
	echo
	kubectl get nodes -o wide
	echo
	kubectl get pods --all-namespaces -o wide
}

status_mode() {
	if [ -e "$STATE/stock" ]; then
		echo ", StatefulSets by its own controller"
	else
		echo ", StatefulSets left to kentledge-controller"
	fi
}

# One line per process: program, node, process id, memory: what is its alone, and with its share of the rest.
memory() {
	printf '%-22s %-8s %8s %10s %8s\n' PROGRAM NODE PID PRIVATE_MB PSS_MB
	memory_of_components
	memory_of_kentledge
}

memory_of_components() {
	local name pid
	for name in $(process_names); do
		case $name in node*) ;; *) continue ;; esac
		pid=$(process_pid "$name") || pid=-
		memory_line "${name#*.}" "${name%%.*}" "$pid"
	done
}

memory_of_kentledge() {
	local pid program
	for pid in $(processes_in_cgroups | sort -nu); do
		program=$(readlink "/proc/$pid/exe") || continue
		case $program in
		*/kentledge-*) memory_line "$(basename "$program")" "$(process_node "$pid")" "$pid" ;;
		esac
	done
}

process_node() { # PID: from its cgroup, /<cluster>/<node>/kubepods/...
	sed -n "s|.*:/$CGROUP/\([^/]*\)/.*|\1|p" "/proc/$1/cgroup" | head -n 1
}

memory_line() { # PROGRAM NODE PID
	local private='' pss=''
	[ "$3" = - ] || read -r private pss <<<"$(process_memory_kb "$3")"
	printf '%-22s %-8s %8s %10s %8s\n' "$1" "$2" "$3" "$(megabytes "$private")" "$(megabytes "$pss")"
}

megabytes() { # KB
	awk -v kb="${1:-0}" 'BEGIN { printf (kb ? "%.1f" : "ended"), kb / 1024 }'
}
