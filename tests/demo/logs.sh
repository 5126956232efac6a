# shellcheck shell=bash
# Times out of our programs' logs.

# The log of a workload since a time, its lines as the program wrote them.
log_since() { # OBJECT TIME
	kubectl -n "$KENTLEDGE_NAMESPACE" logs "$1" --since-time="$2" 2>/dev/null
}

recreation_ms() { # SINCE
	:
}

mount_ms() { # SINCE
	:
}

creation_ms() { # BACKEND
	:
}
