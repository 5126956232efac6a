# shellcheck shell=bash

step_dns() {
	check_names_by_terminal
	check_service_records
}

# The names are asked for by hand, on a terminal in a pod of its own.
check_names_by_terminal() {
	local i
	bold "\$ kubectl run -i --tty --image $BUSYBOX dns-test --restart=Never --rm /bin/sh"
	timeout --kill-after=5 120 "$DEMO/dns_session" "$BUSYBOX" "nslookup web-0.nginx" "nslookup web-1.nginx" 2>&1 |
		tr -d '\r' | sed 's/\x1b\[[0-9;]*[a-zA-Z]//g' | tee "$WORK/answer"
	[ "${PIPESTATUS[0]}" = 0 ] || miss "the session in dns-test ended badly"
	for i in 0 1; do
		check "web-$i.nginx is the pod's address" dns_answer_is "web-$i"
	done
	check_within 20 "the pod of the session is gone" none pod fieldSelector=metadata.name=dns-test
}

dns_answer_is() { # POD
	local ip
	ip=$(field pod "$1" .status.podIP)
	[ -n "$ip" ] && answer_has "^Name: +$1\.nginx\$" &&
		answer_has "^Address 1: ${ip//./\\.} $1\.nginx\.$NAMESPACE\.svc\.cluster\.local\$"
}

# ask_dns TYPE NAME: dig, in the network of the cluster.
ask_dns() {
	local server
	server=$(kubectl -n kube-system get service kube-dns -o 'jsonpath={.spec.clusterIP}')
	bold "\$ dig +short $1 $2 @$server"
	on_node 1 timeout 20 dig +short +tries=3 +time=3 "$1" "$2" "@$server" 2>&1 | tee "$WORK/answer"
}

check_service_records() {
	local i
	if ! on_trial; then
		skipped "SRV records: dig must run inside the cluster's network"
		return
	fi
	ask_dns SRV "_web._tcp.nginx.$NAMESPACE.svc.cluster.local"
	for i in 0 1; do
		check "web-$i has a SRV record with port 80" \
			answer_has "^0 [0-9]+ 80 web-$i\.nginx\.$NAMESPACE\.svc\.cluster\.local\.\$"
	done
}
