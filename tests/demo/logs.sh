# shellcheck shell=bash
# Times out of our programs' logs (logfmt: key=value key="two words").

log_since() { # OBJECT TIME
	kubectl -n "$KENTLEDGE_NAMESPACE" logs "$1" --since-time="$2" 2>/dev/null
}

# lines EVENT FIELD=VALUE...: of standard input, those of that event with these fields.
lines() {
	local event=$1 field filter
	filter="event=\"$event\""
	shift
	grep -F -- "$filter" | while read -r line; do
		for field in "$@"; do
			[[ " $line " == *" $field "* ]] || continue 2
		done
		echo "$line"
	done
}

values() { # FIELD: of the lines on standard input
	sed -n "s/.* $1=\([^ ]*\).*/\1/p"
}

# From the API's word that the pod is gone to the request that makes it again; one a line.
recreations_ms() { # SINCE
	log_since deployment/kentledge-controller "$1" |
		lines "pod created" "pod=$NAMESPACE/web-0" | values lag_ms
}

# From the kubelet's request to stage to the answer that the volume is published, one a line. Where
# the volume was still staged, the publishing alone.
mounts_ms() { # SINCE
	local line begin=
	log_since "$(plugin_pod "$(field pod web-0 .spec.nodeName)")" "$1" |
		grep -F "volume=$(volume_name www-web-0)" |
		while read -r line; do
			case $line in
			*'event="volume staged"'*) begin=$(begin_ms "$line") ;;
			*'event="volume published"'*)
				echo $(($(line_ms "$line") - ${begin:-$(begin_ms "$line")}))
				begin=
				;;
			esac
		done
}

begin_ms() { # LINE: when what it tells began
	echo $(($(line_ms "$1") - $(values duration_ms <<<"$1")))
}

line_ms() { # LINE: its time
	date --date="$(sed -n 's/^time=\([^ ]*\).*/\1/p' <<<"$1")" +%s%3N
}

creations_ms() { # BACKEND
	kubectl -n "$KENTLEDGE_NAMESPACE" logs deployment/kentledge-provisioner 2>/dev/null |
		lines "volume created on node" | grep -F "claim=$NAMESPACE/demo-$1-" | values duration_ms |
		tail -n "$CLAIMS"
}
