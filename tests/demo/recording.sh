# shellcheck shell=bash disable=SC2034
# The pods' lives in the order the API tells them, one change a line:
# EVENT NAME UID DELETION-TIME READY. It goes on until RECORDER is ended.

POD_CHANGE='EVENT:.type,NAME:.object.metadata.name,UID:.object.metadata.uid'
POD_CHANGE+=',DELETED:.object.metadata.deletionTimestamp'
POD_CHANGE+=',READY:.object.status.conditions[?(@.type=="Ready")].status'

# To be begun some seconds before the first pod: the API does not tell when the watch stands.
record_pods() { # FILE SELECTOR
	RECORDING=$1
	kubectl get pods -l "$2" -w --output-watch-events -o "custom-columns=$POD_CHANGE" \
		>"$RECORDING" 2>/dev/null &
	RECORDER=$!
}

# What is recorded from here on is one part; record_end brings it into $RECORDING.part.
record_begin() { RECORDED=$(wc -l <"$RECORDING"); }

record_end() {
	sleep 0.2
	tail -n "+$((RECORDED + 1))" "$RECORDING" >"$RECORDING.part"
}

# Numbers of lines in that part; empty where it was not so.
line_created() { # POD: when its newest form was added
	awk -v pod="$1" '$2 == pod && $1 == "ADDED" { line = NR } END { print line }' "$RECORDING.part"
}

line_ready() { # POD: when its newest form became ready
	awk -v pod="$1" '$2 == pod && $1 == "ADDED" { line = "" }
		$2 == pod && $4 == "<none>" && $5 == "True" && !line { line = NR } END { print line }' "$RECORDING.part"
}

line_deletion_asked() { # POD: first time
	awk -v pod="$1" '$2 == pod && $4 != "<none>" { print NR; exit }' "$RECORDING.part"
}

line_gone() { # POD: first time
	awk -v pod="$1" '$2 == pod && $1 == "DELETED" { print NR; exit }' "$RECORDING.part"
}

# in_order NUMBER...: none is empty, and they rise.
in_order() {
	local last=-1 number
	for number in "$@"; do
		[ -n "$number" ] && [ "$number" -gt "$last" ] || return 1
		last=$number
	done
}
