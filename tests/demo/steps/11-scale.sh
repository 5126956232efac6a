# shellcheck shell=bash

step_scale() {
	scale_up
	scale_down
	show "kubectl scale statefulset web --replicas=2"
	check_within 60 "web-1 is back" pod_is_ready web-1
	roll_out
	pages_are_served
}

scale_up() {
	show "kubectl scale statefulset web --replicas=3"
	check_within 60 "web-2 runs" pod_is_ready web-2
}

scale_down() {
	record_begin
	show "kubectl scale statefulset web --replicas=1"
	show_until "kubectl get pods -w -l app=nginx" 90 only_web_0
	record_end
	check "web-1 was deleted only after web-2 was gone" \
		in_order "$(line_gone web-2)" "$(line_deletion_asked web-1)"
	show "kubectl get pvc -l app=nginx"
	check "all three claims stay" [ "$(grep -c '^www-web-[012] *Bound' "$WORK/answer")" = 3 ]
}

only_web_0() { [ "$(names pods labelSelector=app=nginx)" = web-0 ]; }

roll_out() {
	record_begin
	show "kubectl rollout restart statefulset web"
	show "kubectl rollout status statefulset web --timeout=120s"
	record_end
	check "the rollout is complete" answer_has "complete|rolled out"
	check "web-1 was replaced first: web-0 was deleted only after the new web-1 was Ready" \
		in_order "$(line_created web-1)" "$(line_ready web-1)" "$(line_deletion_asked web-0)"
}
