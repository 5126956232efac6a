# shellcheck shell=bash
# Questions about objects: in NAMESPACE, or in `default` where that is empty. Filters are jq's.

# field KIND NAME FILTER: of one object, such as .status.phase.
field() {
	api "$(api_list "$1")/$2" | jq --raw-output "$3 // empty"
}

# Names and uids of the pods of the namespace that are Ready and not on their way out.
ready_pods() {
	# shellcheck disable=SC2016
	api "$(api_list pods)" | jq --raw-output '.items[]
		| select(.metadata.deletionTimestamp == null)
		| select(any(.status.conditions[]?; .type == "Ready" and .status == "True"))
		| "\(.metadata.name) \(.metadata.uid)"'
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

claim_is_bound() { [ "$(field pvc "$1" .status.phase)" = Bound ]; }

# names KIND [QUERY [NAMESPACE]]: of those there are; QUERY as labelSelector=… or fieldSelector=….
names() {
	api "$(api_list "$1" "${3:-}")?${2:-}" | jq --raw-output '.items[].metadata.name'
}

# none KIND [QUERY [NAMESPACE]]: the API answers, and there is no such object.
none() {
	local found
	found=$(set -o pipefail && names "$@") && [ -z "$found" ]
}

volumes_of_ours() {
	api "$(api_list pv)" |
		jq --raw-output '.items[] | select(.spec.csi.driver == "kentledge.io") | .metadata.name'
}

no_volumes_of_ours() {
	local volumes
	volumes=$(set -o pipefail && volumes_of_ours) && [ -z "$volumes" ]
}

event_texts() { # REASON: texts of the namespace's events of that reason
	api "$(api_list events)?fieldSelector=reason=$1" | jq --raw-output '.items[].message'
}

has_event() { # REASON EXPRESSION
	event_texts "$1" | grep -Eq -- "$2"
}

# plugin_pod NODE: the node plugin's pod there.
plugin_pod() {
	api "/api/v1/pods?fieldSelector=spec.nodeName=$1&labelSelector=$(node_plugin_labels)" |
		jq --raw-output '.items[].metadata.name'
}

node_plugin_labels() {
	echo app.kubernetes.io/name=kentledge,app.kubernetes.io/component=node
}
