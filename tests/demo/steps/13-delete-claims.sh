# shellcheck shell=bash

step_delete_claims() {
	show "kubectl delete -f $WEB"
	check_within 60 "the pods are gone" none pods labelSelector=app=nginx
	api "$(api_list pvc)?labelSelector=app=nginx" | jq --raw-output '.items[].spec.volumeName' >"$WORK/volumes"
	check_on_nodes "the volumes are on their nodes before" volumes_are_there
	show "kubectl delete pvc -l app=nginx"
	check_within 60 "the volumes are gone from the API" volumes_are_deleted
	show "kubectl get pvc,pv"
	check_on_nodes "the volumes are gone from the pools" volumes_are_not_there
	check_on_nodes "their loop devices are gone" loop_devices_are_gone
	check_on_nodes "nothing of them is mounted" nothing_is_mounted
}

check_on_nodes() { # SENTENCE COMMAND...
	if on_trial; then
		check_within 20 "$@"
	else
		skipped "$1: needs a shell on the node"
	fi
}

volumes_are_deleted() {
	local name
	while read -r name; do
		none pv "fieldSelector=metadata.name=$name" || return 1
	done <"$WORK/volumes"
}

nodes() { seq "$(names nodes | wc -l)"; }

# Names of files and folders in all pools that carry a volume's name.
traces_of_volumes() {
	local i
	for i in $(nodes); do
		on_node "$i" find /var/lib/kentledge/pool | grep -Ff "$WORK/volumes"
	done
}

volumes_are_there() { [ -s "$WORK/volumes" ] && [ -n "$(traces_of_volumes)" ]; }

volumes_are_not_there() { [ -s "$WORK/volumes" ] && [ -z "$(traces_of_volumes)" ]; }

# Loop devices belong to the machine as a whole.
loop_devices_are_gone() { ! cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -Ff "$WORK/volumes"; }

nothing_is_mounted() {
	local i
	for i in $(nodes); do
		! on_node "$i" grep -Ff "$WORK/volumes" /proc/self/mountinfo || return 1
	done
}
