# shellcheck shell=bash

step_claims() {
	local i volumes=("$(volume_name www-web-0)" "$(volume_name www-web-1)")
	show "kubectl get pvc -l app=nginx"
	for i in 0 1; do
		check "www-web-$i is Bound to pvc-<its uid>, 1Gi, RWO, kentledge" \
			answer_has "^www-web-$i +Bound +${volumes[i]} +1Gi +RWO +kentledge "
	done
	show "kubectl get pv"
	for i in 0 1; do
		check "the volume of www-web-$i belongs to it" answer_has \
			"^${volumes[i]} +1Gi +RWO +Delete +Bound +$NAMESPACE/www-web-$i +kentledge "
	done
}

volume_name() { # CLAIM
	echo "pvc-$(field pvc "$1" .metadata.uid)"
}
