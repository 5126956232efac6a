# shellcheck shell=bash

step_delete_pods() {
	web_pods >"$WORK/before"
	record_begin
	show "kubectl delete pod -l app=nginx"
	show_until "kubectl get pod -w -l app=nginx" 90 both_replaced
	record_end
	check "web-0 was Running and Ready again before web-1 was created again" \
		in_order "$(line_ready web-0)" "$(line_created web-1)"
	step_names
	check_names_again
	pages_are_served
}

# kentledge's own pods lie in the same namespace and stay.
web_pods() { ready_pods | grep '^web-'; }

# Both are there, under the same names, and neither is the one from before.
both_replaced() {
	web_pods >"$WORK/after"
	grep -q '^web-0 ' "$WORK/after" && grep -q '^web-1 ' "$WORK/after" &&
		! grep -qFxf "$WORK/before" "$WORK/after"
}

check_names_again() {
	if on_trial; then
		ask_addresses
	else
		check_names_by_terminal
	fi
}

ask_addresses() {
	local i
	for i in 0 1; do
		ask_dns A "web-$i.nginx.$NAMESPACE.svc.cluster.local"
		check "web-$i.nginx is the new pod's address" answer_is "$(field pod "web-$i" .status.podIP)"
	done
}
