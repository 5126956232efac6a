# shellcheck shell=bash
# The steps that were taken, with their results and times.

STEP_LINES=()
STEP_NUMBER=0
STEP_MISSES=0
STEP_SKIPS=0
FAILED_STEPS=0

# step TITLE NAME: runs step_NAME.
step() {
	local began mark seconds note=
	STEP_NUMBER=$((STEP_NUMBER + 1))
	STEP_MISSES=0
	STEP_SKIPS=0
	echo
	bold "── $STEP_NUMBER. $1"
	began=$(now_ms)
	"step_$2"
	seconds=$(seconds_since "$began")
	mark=✓
	[ $STEP_SKIPS = 0 ] || note=" ($STEP_SKIPS skipped)"
	if ! step_passed; then
		mark=✗
		FAILED_STEPS=$((FAILED_STEPS + 1))
		show_trouble
	fi
	STEP_LINES+=("$(printf '%s %2d. %-36s %6s s%s' "$mark" "$STEP_NUMBER" "$1" "$seconds" "$note")")
}

step_passed() { [ $STEP_MISSES = 0 ]; }

seconds_since() { # MILLISECONDS
	awk -v ms=$(($(now_ms) - $1)) 'BEGIN { printf "%.1f", ms / 1000 }'
}

# After a failure: what somebody who looks into it would ask for first.
show_trouble() {
	bold "what the cluster says about it"
	{
		kubectl get pods,pvc,pv -o wide
		kubectl get events --sort-by=.metadata.creationTimestamp | tail -n 20
		our_logs 15
	} 2>&1 | sed 's/^/  | /'
}

our_logs() { # LINES
	local name
	for name in daemonset/kentledge-node deployment/kentledge-provisioner deployment/kentledge-controller; do
		echo "--- $name"
		kubectl -n "$KENTLEDGE_NAMESPACE" logs "$name" --tail="$1" 2>&1
	done
}

summary() {
	echo
	bold "── summary"
	printf '%s\n' "${STEP_LINES[@]}"
	[ ! -s "$WORK/measures" ] || cat "$WORK/measures"
	echo
	if [ $FAILED_STEPS = 0 ]; then
		echo "all $STEP_NUMBER steps passed, $(seconds_since "$BEGAN_MS") s in all${PREPARATION_S:+, $PREPARATION_S s of that to make the cluster ready}"
	else
		echo "$FAILED_STEPS of $STEP_NUMBER steps failed"
	fi
	[ $FAILED_STEPS = 0 ]
}
