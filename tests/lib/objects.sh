# shellcheck shell=bash
# Questions to the API, asked with the caller's kubectl in the namespace of its context.

POD_STATE='DELETED:.metadata.deletionTimestamp,READY:.status.conditions[?(@.type=="Ready")].status'

field() { # KIND NAME JSONPATH
	kubectl get "$1" "$2" -o "jsonpath=$3" 2>/dev/null
}

# Names and uids of the pods of the namespace that are Ready and not on their way out.
ready_pods() {
	kubectl get pods --no-headers -o custom-columns="NAME:.metadata.name,UID:.metadata.uid,$POD_STATE" 2>/dev/null |
		awk '$3 == "<none>" && $4 == "True" { print $1, $2 }'
}

# are_ready POD...: all of them, asked for at once.
are_ready() {
	local ready pod
	ready=$(ready_pods)
	for pod in "$@"; do
		grep -q "^$pod " <<<"$ready" || return 1
	done
}

pod_is_ready() { are_ready "$1"; }

claim_is_bound() { [ "$(field pvc "$1" '{.status.phase}')" = Bound ]; }

# none KIND [ARGUMENTS...]: the API answers, and there is no such object.
none() {
	local found
	found=$(kubectl get "$@" -o name 2>/dev/null) && [ -z "$found" ]
}

volumes_of_ours() {
	kubectl get pv -o 'jsonpath={range .items[?(@.spec.csi.driver=="kentledge.io")]}{.metadata.name}{"\n"}{end}'
}

no_volumes_of_ours() {
	local volumes
	volumes=$(volumes_of_ours) && [ -z "$volumes" ]
}

event_texts() { # REASON: texts of the namespace's events of that reason
	kubectl get events --field-selector "reason=$1" -o 'jsonpath={range .items[*]}{.message}{"\n"}{end}'
}

has_event() { # REASON EXPRESSION
	event_texts "$1" | grep -Eq -- "$2"
}

# plugin_pod NODE: the node plugin's pod there.
plugin_pod() {
	kubectl get pods --all-namespaces --field-selector "spec.nodeName=$1" --no-headers \
		-l app.kubernetes.io/name=kentledge,app.kubernetes.io/component=node \
		-o custom-columns=NAME:.metadata.name
}
