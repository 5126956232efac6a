# shellcheck shell=bash

step_delete_pods() {
	local before_0 before_1
	before_0=$(field pod web-0 '{.metadata.uid}')
	before_1=$(field pod web-1 '{.metadata.uid}')
	record_pods "$WORK/pods" app=nginx
	show "kubectl delete pod -l app=nginx"
	show_until "kubectl get pod -w -l app=nginx" 90 both_replaced "$before_0" "$before_1"
	record_stop
	check "web-0 was Running and Ready again before web-1 was created again" \
		before "$(line_ready "$WORK/pods" web-0)" "$(line_created "$WORK/pods" web-1)"
	step_names
	check_names_by_terminal
	pages_are_served
}

both_replaced() { pod_was_replaced web-0 "$1" && pod_was_replaced web-1 "$2"; }
