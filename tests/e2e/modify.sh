#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A claim names another VolumeAttributesClass while its pod runs: the pod's writes are slowed down and
# then are not any more; a class that cannot be held is refused in the claim and taken back; a claim
# that names a class from the start gets its volume with it.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

CLASSES=(modify-slow modify-free modify-impossible modify-foreign)

main() {
	use_kentledge
	serves_attributes_classes || skip "this Kubernetes does not serve VolumeAttributesClass"
	undo
	attributes_class modify-slow kentledge.io '{writeIops: "5"}'
	attributes_class modify-free kentledge.io '{writeIops: "0"}'
	attributes_class modify-impossible kentledge.io '{colour: "red"}'
	attributes_class modify-foreign other.io '{writeIops: "5"}'
	{ claim data 64Mi && pod data data 'sleep 3600'; } | apply
	{ claim_of_class made modify-slow && pod made made 'sleep 3600'; } | apply
	must 90 "the pod of a claim without a class runs" pod_is_ready data
	must 90 "so does that of a claim with one" pod_is_ready made
	[ "$(class_of_volume made)" = modify-slow ] || fail "the PersistentVolume of made has no class"
	must 10 "its claim has the class" has_class made modify-slow
	limits_change_while_the_pod_runs
	an_impossible_class_is_taken_back
	a_foreign_class_is_not_sent
	nothing_was_restarted
	undo
}

serves_attributes_classes() {
	kubectl api-resources --api-group storage.k8s.io --no-headers 2>/dev/null |
		grep -q 'storage.k8s.io/v1 .*VolumeAttributesClass'
}

attributes_class() { # NAME DRIVER PARAMETERS
	apply <<-YAML
		apiVersion: storage.k8s.io/v1
		kind: VolumeAttributesClass
		metadata: {name: $1}
		driverName: $2
		parameters: $3
	YAML
}

claim_of_class() { # NAME CLASS
	claim "$1"
	echo "  volumeAttributesClassName: $2"
}

name_class() { # CLAIM CLASS
	kubectl patch pvc "$1" -p "{\"spec\": {\"volumeAttributesClassName\": \"$2\"}}" >/dev/null
}

class_of_volume() { field pv "$(volume_of "$1")" .spec.volumeAttributesClassName; } # CLAIM

has_class() { # CLAIM CLASS: the claim and its volume say so, and nothing is left of the way there
	[ "$(field pvc "$1" .status.currentVolumeAttributesClassName)" = "$2" ] &&
		[ -z "$(field pvc "$1" .status.modifyVolumeStatus.status)" ] &&
		[ "$(class_of_volume "$1")" = "$2" ] &&
		! field pvc "$1" '.status.conditions[]?.type' | grep -q Modif
}

# Each write is synchronous, so it cannot be faster than the limit.
milliseconds_of_writes() { # POD COUNT
	local begin
	begin=$(date +%s%3N)
	# shellcheck disable=SC2016
	kubectl exec "$1" -- sh -c 'i=0; while [ $i -lt '"$2"' ]; do
		dd if=/dev/zero of=/data/file bs=4096 count=1 conv=fsync 2>/dev/null || exit 1
		i=$((i + 1)); done'
	echo $(($(date +%s%3N) - begin))
}

limits_change_while_the_pod_runs() {
	local free slow
	free=$(milliseconds_of_writes data 10)
	name_class data modify-slow
	must 30 "data has the slow class" has_class data modify-slow
	has_event VolumeModifySuccessful . || fail "no event says so"
	slow=$(milliseconds_of_writes data 10)
	# Two writes at least for each of the ten, five of them in a second.
	[ "$slow" -gt 1900 ] || fail "ten synchronous writes took $slow ms with 5 writes in a second, $free ms without"
	ok "ten synchronous writes take $slow ms instead of $free ms"
	name_class data modify-free
	must 30 "data has the free class" has_class data modify-free
	free=$(milliseconds_of_writes data 10)
	[ "$free" -lt "$slow" ] || fail "ten synchronous writes still take $free ms"
	ok "without a limit they take $free ms again"
}

an_impossible_class_is_taken_back() {
	name_class data modify-impossible
	must 30 "a class that cannot be held is infeasible" \
		is_infeasible data modify-impossible
	must 10 "an event names the parameter" claim_event data 'VolumeModifyFailed.*colour'
	name_class data modify-free
	must 30 "its old class is given back" has_class data modify-free
}

is_infeasible() { # CLAIM CLASS
	[ "$(field pvc "$1" .status.modifyVolumeStatus.status)" = Infeasible ] &&
		[ "$(field pvc "$1" .status.modifyVolumeStatus.targetVolumeAttributesClassName)" = "$2" ]
}

a_foreign_class_is_not_sent() {
	name_class data modify-foreign
	must 30 "a class of another driver is infeasible" is_infeasible data modify-foreign
	must 10 "an event names the driver" claim_event data 'VolumeModifyFailed.*other.io'
	name_class data modify-free
	must 30 "data has the free class again" has_class data modify-free
}

nothing_was_restarted() {
	[ "$(kubectl get pod data -o 'jsonpath={.status.phase} {.status.containerStatuses[0].restartCount}')" = "Running 0" ] ||
		fail "the pod was restarted"
	ok "the pod ran all the while"
}

# Claims that name a class keep it: kube-controller-manager removes it after them.
undo() { kubectl delete volumeattributesclass "${CLASSES[@]}" --ignore-not-found --wait=false >/dev/null; }

main
