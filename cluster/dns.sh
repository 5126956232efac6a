# shellcheck shell=bash
# The cluster's DNS: CoreDNS as a process on node 1, reached by pods through
# the Service kube-system/kube-dns, whose one endpoint is that process.

start_dns() {
	dns_write_corefile
	start_component dns -conf "$STATE/Corefile"
}

dns_write_corefile() {
	cat >"$STATE/Corefile" <<-COREFILE
		.:53 {
		    bind $(control_plane_address)
		    errors
		    cache 5 {
		        disable denial
		    }
		    kubernetes $DNS_DOMAIN in-addr.arpa {
		        kubeconfig $PKI/dns.kubeconfig kentledge
		        ttl 5
		    }
		}
	COREFILE
}

dns_objects() {
	sed -e "s/DNS_SERVICE_IP/$DNS_SERVICE_IP/" -e "s/DNS_ADDRESS/$(control_plane_address)/" \
		"$CLUSTER_FOLDER/manifests/dns.yaml"
}

# Asked as a pod asks: through the service address and its rules.
dns_answers() {
	in_node 1 env RES_OPTIONS='timeout:1 attempts:1' \
		getent ahostsv4 "kubernetes.default.svc.$DNS_DOMAIN"
}
