# shellcheck shell=bash
# What the demo costs and how fast it is. Lines for the summary go to $WORK/measures.

REPEATS=3
CLAIMS=5

note() { printf '%s\n' "$*" >>"$WORK/measures"; }

# From `kubectl delete pod web-0` returning to its page being served again.
measure_return() {
	local i since
	echo
	bold "── measuring: how soon a deleted pod serves its volume again"
	since=$(date --utc +%FT%T.%3NZ)
	for i in $(seq $REPEATS); do return_once; done
	recreations_ms "$since" >"$WORK/recreations"
	mounts_ms "$since" >"$WORK/mounts"
	note ""
	note "from \`kubectl delete pod web-0\` returning to its page served again: $(milliseconds "$WORK/returns") (median of $REPEATS)"
	note "  of that ours: $(milliseconds "$WORK/recreations") from the pod's end to its creation, $(milliseconds "$WORK/mounts") from stage to publish"
}

return_once() {
	local began
	kubectl delete pod web-0 >/dev/null
	began=$(now_ms)
	wait_for 60 page_is_served web-0 || return 0
	echo $(($(now_ms) - began)) >>"$WORK/returns"
	echo "web-0 serves again after $(tail -n 1 "$WORK/returns") ms"
}

# The API server asks the pod: no pod of our own is needed for it.
page_is_served() {
	[ "$(api "/api/v1/namespaces/$NAMESPACE/pods/$1/proxy/")" = "$1" ]
}

milliseconds() { # FILE
	local value
	value=$(median <"$1" 2>/dev/null)
	if [ -n "$value" ]; then echo "$value ms"; else echo "not logged"; fi
}

# Claims with no pod on classes that bind at once. kubectl reads them one by one as they come: each
# volume is made before the next is asked for.
measure_creation() {
	local backend
	echo
	bold "── measuring: how soon a volume is made"
	{ creation_class loop && creation_class directory; } | kubectl apply -f - >/dev/null
	{ claims_one_by_one loop && claims_one_by_one directory; } | kubectl create -f - >/dev/null
	wait_for 30 claim_is_bound "demo-directory-$CLAIMS"
	for backend in loop directory; do
		creations_ms "$backend" >"$WORK/creations-$backend"
		note "CreateVolume over TLS, $backend: $(milliseconds "$WORK/creations-$backend") (median of $(wc -l <"$WORK/creations-$backend"))"
	done
	kubectl delete pvc,storageclass -l app=kentledge-demo --wait=false >/dev/null
	wait_for 60 none pvc labelSelector=app=kentledge-demo
}

creation_class() { # BACKEND
	cat <<-YAML
		---
		apiVersion: storage.k8s.io/v1
		kind: StorageClass
		metadata: {name: kentledge-demo-$1, labels: {app: kentledge-demo}}
		provisioner: kentledge.io
		volumeBindingMode: Immediate
		parameters: {backend: $1$([ "$1" = loop ] || echo ', enforce: "false"')}
	YAML
}

claims_one_by_one() { # BACKEND
	local i
	for i in $(seq $CLAIMS); do
		cat <<-YAML
			---
			apiVersion: v1
			kind: PersistentVolumeClaim
			metadata: {name: demo-$1-$i, labels: {app: kentledge-demo}}
			spec:
			  accessModes: [ReadWriteOnce]
			  storageClassName: kentledge-demo-$1
			  resources: {requests: {storage: 1Gi}}
		YAML
		sleep 0.2
	done
}

# Memory: on the trial cluster what is each process's alone and its share of the rest; elsewhere what our
# programs say of themselves, which is resident memory, shared pages included.
measure_memory() {
	note ""
	if on_trial; then
		note "memory, MB: private, and with the share of what several processes have in common (Pss):"
		trial_cluster memory | awk 'NR > 1 { printf "  %-22s %8s %8s\n", $1, $4, $5 }' >>"$WORK/measures"
	else
		note "resident memory of kentledge, MB:"
		memory_by_metrics >>"$WORK/measures"
	fi
}

memory_by_metrics() {
	local pod port
	kubectl -n "$KENTLEDGE_NAMESPACE" get pods -l app.kubernetes.io/name=kentledge \
		-o 'jsonpath={range .items[*]}{.metadata.name} {.spec.containers[0].ports[?(@.name=="http")].containerPort}{"\n"}{end}' |
		while read -r pod port; do
			api "/api/v1/namespaces/$KENTLEDGE_NAMESPACE/pods/$pod:$port/proxy/metrics" |
				awk -v pod="$pod" '/^process_resident_memory_bytes / {
					printf "  %-40s %8.1f\n", pod, $2 / 1048576 }'
		done
}
