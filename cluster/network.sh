# shellcheck shell=bash
# The network: a bridge in a namespace of its own, each node on it by one
# virtual cable, and routes on each node to the pods of all the others. A
# node's pods hang on point-to-point links (the CNI plugin `ptp`), so no packet
# between pods is bridged inside a node and every one passes its service rules.
# Nothing leads to the outside.

network_make_switch() {
	namespace_make_network switch
	in_network switch ip link add br0 type bridge
	in_network switch ip link set br0 up
}

# network_attach INDEX COUNT: the cable and the routes of one node.
network_attach() {
	local name port other
	name=$(node_name "$1")
	port=port$1
	in_network switch ip link add "$port" type veth peer name eth0 \
		netns "$NAMESPACES/$name.net"
	in_network switch ip link set "$port" master br0 up
	{
		echo "addr add $(node_address "$1")/24 dev eth0"
		echo "link set eth0 up"
		# Service addresses are rewritten on their way out, after a route was found.
		echo "route add $SERVICE_NETWORK dev eth0"
		echo "route add unreachable default"
		for other in $(seq "$2"); do
			[ "$other" = "$1" ] ||
				echo "route add $(node_pod_network "$other") via $(node_address "$other")"
		done
	} | in_network "$name" ip -batch -
	in_network "$name" sysctl -qw net.ipv4.ip_forward=1
}

network_write_cni() { # INDEX
	local folder
	folder=$(node_folder "$1")
	mkdir -p "$folder/cni"
	cat >"$folder/cni/10-pods.conflist" <<-JSON
		{
		  "cniVersion": "0.4.0",
		  "name": "pods",
		  "plugins": [
		    {"type": "ptp",
		     "ipMasq": false,
		     "ipam": {"type": "host-local", "dataDir": "/run/cni-addresses",
		              "ranges": [[{"subnet": "$(node_pod_network "$1")"}]],
		              "routes": [{"dst": "0.0.0.0/0"}]}},
		    {"type": "portmap", "capabilities": {"portMappings": true}}
		  ]
		}
	JSON
}
