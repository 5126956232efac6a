# shellcheck shell=bash

both_run() { are_ready web-0 web-1; }

step_start() {
	record_begin
	show "kubectl apply -f $WEB"
	show_until "kubectl get pods -w -l app=nginx" 90 both_run
	record_end
	check "web-0 was Running and Ready before web-1 was created" \
		in_order "$(line_ready web-0)" "$(line_created web-1)"
	check_who_runs_sets
}

# The name under which the API server wrote down who made the pod.
check_who_runs_sets() {
	local who
	who=$(kubectl get pod web-0 --show-managed-fields \
		-o 'jsonpath={.metadata.managedFields[0].manager}')
	if on_trial && [ ! -e "$STATE/stock" ]; then
		check "the set is run by kentledge-controller (the API says: ${who:-nobody})" \
			[ "$who" = kentledge-controller ]
	else
		echo "  the set is run by $who"
	fi
}
