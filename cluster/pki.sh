# shellcheck shell=bash
# The cluster's certificates: one authority for Kubernetes and one for etcd,
# which therefore trusts the API server alone. Made anew by each `up`, good for
# CERTIFICATE_DAYS. Nobody but the administrator is in `system:masters`: what
# the others may do is said by RBAC rules and the node authorizer.

CERTIFICATE_DAYS=14

pki_make() { # NODE-COUNT
	local i name
	pki_authority ca kentledge-cluster
	pki_authority etcd-ca kentledge-cluster-etcd
	pki_certificate etcd-ca etcd /CN=etcd "DNS:localhost,IP:127.0.0.1"
	pki_certificate etcd-ca etcd-client /CN=kube-apiserver
	pki_certificate ca apiserver /CN=kube-apiserver "$(pki_api_names "$1")"
	pki_certificate ca apiserver-kubelet /CN=kube-apiserver-kubelet-client
	pki_certificate ca admin /O=system:masters/CN=kubernetes-admin
	pki_certificate ca controller-manager /CN=system:kube-controller-manager "IP:127.0.0.1"
	pki_certificate ca scheduler /CN=system:kube-scheduler "IP:127.0.0.1"
	pki_certificate ca dns /CN=system:coredns
	pki_certificate ca proxy /CN=system:kube-proxy
	for i in $(seq "$1"); do
		name=$(node_name "$i")
		pki_certificate ca "kubelet-$name" "/O=system:nodes/CN=system:node:$name" \
			"DNS:$name,IP:$(node_address "$i"),IP:127.0.0.1"
	done
	openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/sa.key"
}

pki_api_names() {
	local service=kubernetes.default.svc
	echo "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:$service,DNS:$service.$DNS_DOMAIN,\
IP:127.0.0.1,IP:$(control_plane_address),IP:$API_SERVICE_IP"
}

pki_authority() { # FILE NAME
	openssl req -x509 -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-keyout "$PKI/$1.key" -out "$PKI/$1.crt" -subj "/CN=$2" -days $CERTIFICATE_DAYS \
		-addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature 2>/dev/null
}

PKI_SERIAL=1

pki_certificate() { # AUTHORITY FILE SUBJECT [NAMES]
	local extensions="keyUsage=digitalSignature
extendedKeyUsage=serverAuth,clientAuth"
	[ -z "${4:-}" ] || extensions+=$'\n'"subjectAltName=$4"
	openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-keyout "$PKI/$2.key" -subj "$3" 2>/dev/null |
		openssl x509 -req -CA "$PKI/$1.crt" -CAkey "$PKI/$1.key" \
			-set_serial $((++PKI_SERIAL)) -days $CERTIFICATE_DAYS \
			-extfile <(echo "$extensions") -out "$PKI/$2.crt" 2>/dev/null
}

# pki_kubeconfig CERTIFICATE SERVER: on standard output, files named by path.
pki_kubeconfig() {
	cat <<-YAML
		apiVersion: v1
		kind: Config
		clusters:
		- name: kentledge
		  cluster:
		    server: $2
		    certificate-authority: $PKI/ca.crt
		users:
		- name: $1
		  user:
		    client-certificate: $PKI/$1.crt
		    client-key: $PKI/$1.key
		contexts:
		- name: kentledge
		  context: {cluster: kentledge, user: $1}
		current-context: kentledge
	YAML
}

# The administrator's kubeconfig holds the keys themselves: it can be copied.
pki_admin_kubeconfig() {
	pki_kubeconfig admin "$API_URL" | sed -E \
		-e "s|certificate-authority: (.*)|certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")|" \
		-e "s|client-certificate: (.*)|client-certificate-data: $(base64 -w0 "$PKI/admin.crt")|" \
		-e "s|client-key: (.*)|client-key-data: $(base64 -w0 "$PKI/admin.key")|"
}
