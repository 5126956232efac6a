# shellcheck shell=bash disable=SC2034
# What an earlier demo left behind, also one that was killed half-way.

RELEASE=kentledge

remove_leftovers() {
	if on_trial; then
		KENTLEDGE_NAMESPACE=$NAMESPACE
		# A cluster that was just started holds nothing.
		[ -z "$WAS_UP" ] || remove_objects
		[ -z "$WAS_UP" ] || uninstall
	else
		remove_from_current
		adopt_installed
		kubectl create namespace "$NAMESPACE" >/dev/null
		[ -n "$INSTALLED" ] || make_release_namespace
	fi
}

# Volumes go while the provisioner is still there to delete them.
remove_objects() {
	{
		kubectl delete --ignore-not-found --wait=false -f "$ROOT/$WEB"
		kubectl delete --ignore-not-found --wait=false -f "$ROOT/docs/restore.yaml"
		kubectl delete --ignore-not-found --wait=false -f "$ROOT/docs/snapshot.yaml"
		kubectl delete pod --ignore-not-found --wait=false dns-test
		kubectl delete pvc --ignore-not-found --wait=false -l app=nginx
		kubectl delete pvc --ignore-not-found --wait=false -l app=kentledge-demo
	} >/dev/null 2>&1
	wait_for 60 none pods labelSelector=app=nginx
	release_is_installed || return 0
	wait_for 60 no_volumes_of_ours || echo "demo: volumes of an earlier run stay: $(volumes_of_ours)"
	# Classes that the measuring made.
	kubectl delete storageclass --ignore-not-found -l app=kentledge-demo >/dev/null
}

release_is_installed() { helm status "$RELEASE" --namespace "$KENTLEDGE_NAMESPACE" >/dev/null 2>&1; }

# As the README has it: the node plugin's pods are privileged, which many clusters admit only in a
# namespace with this label.
make_release_namespace() {
	kubectl create namespace "$KENTLEDGE_NAMESPACE" >/dev/null
	kubectl label namespace "$KENTLEDGE_NAMESPACE" app=kentledge-demo \
		pod-security.kubernetes.io/enforce=privileged >/dev/null
}

uninstall() {
	release_is_installed || return 0
	echo "removing what an earlier run left"
	helm uninstall "$RELEASE" --wait --timeout 60s >/dev/null 2>&1
	wait_for 30 none pods labelSelector=app.kubernetes.io/name=kentledge
	# Uninstalling takes the right to give a lease back away before the pods have ended: the next
	# leader would wait until it runs out.
	kubectl delete lease --ignore-not-found kentledge-io kentledge.io \
		external-resizer-kentledge-io kentledge-controller >/dev/null
}

# The demo's namespace is removed with all in it, volumes first; then the release, where the demo
# made it.
remove_from_current() {
	! kubectl get namespace "$NAMESPACE" >/dev/null 2>&1 || remove_namespace_of_demo
	remove_release_of_demo
}

remove_namespace_of_demo() {
	kubectl delete statefulset,pods,pvc --all --wait=false >/dev/null 2>&1
	kubectl delete volumesnapshots --all --wait=false >/dev/null 2>&1 # where they are served
	wait_for 60 none pvc
	kubectl delete storageclass --ignore-not-found -l app=kentledge-demo >/dev/null
	kubectl delete namespace "$NAMESPACE" --timeout=120s >/dev/null
}

remove_release_of_demo() {
	local owner
	owner=$(kubectl get namespace "$RELEASE" --ignore-not-found -o 'jsonpath={.metadata.labels.app}')
	[ "$owner" = kentledge-demo ] || return 0
	helm uninstall "$RELEASE" --namespace "$RELEASE" --wait --timeout 60s >/dev/null 2>&1
	kubectl delete namespace "$RELEASE" --timeout=120s >/dev/null
}

# Where kentledge is installed already, it is not installed a second time.
adopt_installed() {
	KENTLEDGE_NAMESPACE=$(kubectl get daemonset --all-namespaces --no-headers \
		-o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name |
		awk '$2 == "kentledge-node" { print $1 }')
	INSTALLED=$KENTLEDGE_NAMESPACE
	: "${KENTLEDGE_NAMESPACE:=$RELEASE}"
}
