# shellcheck shell=bash
# The control plane: etcd, API server, controllers and scheduler, all in node
# 1's namespaces. Each start_* may be called again after its process has died.

start_component() { # COMPONENT FLAGS...
	local component=$1 enter
	shift
	read -ra enter <<<"$(node_enter 1)"
	process_start "node1.$component" "${enter[@]}" kentledge-cluster "$component" "$@"
}

# The data dies with the cluster, so no write waits for the disk.
start_etcd() {
	local tls=(--trusted-ca-file="$PKI/etcd-ca.crt" --client-cert-auth
		--cert-file="$PKI/etcd.crt" --key-file="$PKI/etcd.key")
	start_component etcd --name=kentledge --data-dir="$STATE/etcd" --unsafe-no-fsync \
		--listen-client-urls=https://127.0.0.1:2379 --advertise-client-urls=https://127.0.0.1:2379 \
		--listen-peer-urls=http://127.0.0.1:2380 --log-level=warn "${tls[@]}"
}

start_apiserver() {
	local etcd=(--etcd-servers=https://127.0.0.1:2379 --etcd-cafile="$PKI/etcd-ca.crt"
		--etcd-certfile="$PKI/etcd-client.crt" --etcd-keyfile="$PKI/etcd-client.key")
	local kubelet=(--kubelet-certificate-authority="$PKI/ca.crt"
		--kubelet-client-certificate="$PKI/apiserver-kubelet.crt"
		--kubelet-client-key="$PKI/apiserver-kubelet.key"
		--kubelet-preferred-address-types=InternalIP)
	local issuer=https://kubernetes.default.svc.$DNS_DOMAIN
	local accounts=(--service-account-issuer="$issuer" --api-audiences="$issuer"
		--service-account-key-file="$PKI/sa.key"
		--service-account-signing-key-file="$PKI/sa.key")
	# The second is on in hardened clusters: the trial should miss the rights that it asks for.
	local admission=NodeRestriction,OwnerReferencesPermissionEnforcement
	local audit=()
	[ -z "$AUDIT" ] || audit=(--audit-policy-file="$STATE/audit.yaml" --audit-log-path="$LOGS/audit.log")
	[ -z "$AUDIT" ] || audit_policy >"$STATE/audit.yaml"
	start_component apiserver --bind-address=0.0.0.0 --secure-port="$API_PORT" \
		--advertise-address="$(control_plane_address)" --allow-privileged=true --profiling=false \
		--service-cluster-ip-range="$SERVICE_NETWORK" \
		--authorization-mode=Node,RBAC --enable-admission-plugins="$admission" \
		--client-ca-file="$PKI/ca.crt" \
		--tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" \
		"${etcd[@]}" "${kubelet[@]}" "${accounts[@]}" "${audit[@]}"
}

# Who asked for what, without what was sent and answered.
audit_policy() {
	cat <<-YAML
		apiVersion: audit.k8s.io/v1
		kind: Policy
		omitStages: [RequestReceived, ResponseStarted]
		rules: [{level: Metadata}]
	YAML
}

# Without `--stock` the cluster leaves StatefulSets to kentledge-controller, which looks at the lease of
# the controller manager before it takes them over.
start_controller_manager() {
	local controllers='*,-statefulset-controller'
	[ ! -e "$STATE/stock" ] || controllers='*'
	start_component controller-manager --controllers="$controllers" \
		--kubeconfig="$PKI/controller-manager.kubeconfig" --use-service-account-credentials=true \
		--root-ca-file="$PKI/ca.crt" --service-account-private-key-file="$PKI/sa.key" \
		--cluster-signing-cert-file="$PKI/ca.crt" --cluster-signing-key-file="$PKI/ca.key" \
		--leader-elect=true --bind-address=127.0.0.1 --profiling=false \
		--kube-api-qps="$CONTROLLER_QPS" --kube-api-burst="$((2 * CONTROLLER_QPS))"
}

start_scheduler() {
	start_component scheduler --kubeconfig="$PKI/scheduler.kubeconfig" \
		--leader-elect=false --bind-address=127.0.0.1 --profiling=false \
		--kube-api-qps=100 --kube-api-burst=200
}

control_plane_write_kubeconfigs() {
	local user
	for user in controller-manager scheduler dns; do
		pki_kubeconfig "$user" "$API_URL" >"$PKI/$user.kubeconfig"
	done
	pki_admin_kubeconfig >"$ADMIN_KUBECONFIG"
	chmod 600 "$ADMIN_KUBECONFIG"
}

api_is_ready() {
	process_pid node1.apiserver >/dev/null || return "$NEVER"
	[ "$(curl -s --max-time 2 --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" \
		--key "$PKI/admin.key" "$API_URL/readyz")" = ok ]
}

default_account_exists() { kubectl get serviceaccount default; }
