# shellcheck shell=bash

step_delete_set() {
	show "kubectl delete -f $WEB"
	check_within 60 "the pods are gone" none pods labelSelector=app=nginx
	show "kubectl get pvc -l app=nginx"
	check "the claims stay Bound" [ "$(grep -c '^www-web-[012] *Bound' "$WORK/answer")" = 3 ]
	show "kubectl apply -f $WEB"
	show_until "kubectl get pods -w -l app=nginx" 90 both_run
	pages_are_served
}
