# shellcheck shell=bash
# A door: the API server, which listens inside node 1's network, made reachable
# at the same address 127.0.0.1:API_PORT from somewhere else - the machine
# itself and the nodes beside the first. One socat carries connections from a
# unix socket to the API server, one more per door from TCP to that socket.

door_open_inside() {
	process_start door.inside nsenter "--net=$NAMESPACES/node1.net" -- \
		socat "UNIX-LISTEN:$STATE/api.sock,fork,mode=600" "TCP:127.0.0.1:$API_PORT"
}

door_listener() {
	echo "TCP-LISTEN:$API_PORT,bind=127.0.0.1,fork,reuseaddr UNIX-CONNECT:$STATE/api.sock"
}

door_open_machine() {
	local ends
	read -ra ends <<<"$(door_listener)"
	process_start door.machine socat "${ends[@]}"
}

door_open_node() { # INDEX
	local ends
	read -ra ends <<<"$(door_listener)"
	process_start "door.$(node_name "$1")" \
		nsenter "--net=$NAMESPACES/$(node_name "$1").net" -- socat "${ends[@]}"
}

door_port_is_free() {
	! (exec 3<>"/dev/tcp/127.0.0.1/$API_PORT") 2>/dev/null
}
