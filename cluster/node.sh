# shellcheck shell=bash
# A node: its own containerd, kubelet and kube-proxy in its own namespaces, and
# its own copies of the host folders that these and the CSI driver write to.
# The real folders lie under STATE/node<i>, so `down` finds all there is.

# host folder of the node -> folder under STATE/node<i>
NODE_FOLDERS=(
	/var/lib/kubelet:kubelet
	/var/lib/kentledge:kentledge
	/var/lib/cni:cni-results
	/var/log/pods:log/pods
	/var/log/containers:log/containers
)

node_make() { # INDEX COUNT
	mkdir "$(node_folder "$1")"
	namespace_make_node "$1"
	network_attach "$1" "$2"
	node_mount_folders "$1"
	network_write_cni "$1"
	node_make_cgroup "$1"
	node_write_kubeconfigs "$1"
	node_write_containerd_config "$1"
	node_write_kubelet_config "$1"
}

# Inside the node `/` is shared, as on a machine with systemd: mounts made in a
# container whose mount propagation is Bidirectional reach the node. /run is
# the node's own: it holds the sockets and locks of its programs.
node_mount_folders() { # INDEX
	local pair
	in_node "$1" mount --make-rshared /
	node_let_go_of_namespaces "$1"
	in_node "$1" mount -t tmpfs -o mode=755 tmpfs /run
	in_node "$1" touch "$NODE_MARK"
	node_mount_resolver "$1"
	for pair in "${NODE_FOLDERS[@]}"; do
		mkdir -p "$(node_folder "$1")/${pair#*:}"
		mountpoint_make "${pair%%:*}"
		in_node "$1" mount --bind "$(node_folder "$1")/${pair#*:}" "${pair%%:*}"
	done
}

# Programs on the node and its host-network pods ask the cluster's DNS too.
node_mount_resolver() { # INDEX
	local file
	echo "nameserver $DNS_SERVICE_IP" >"$(node_folder "$1")/resolv.conf"
	file=$(readlink -f /etc/resolv.conf) && [ -e "$file" ] || return 0
	case $file in
	/run/*)
		in_node "$1" mkdir -p "$(dirname "$file")"
		in_node "$1" touch "$file"
		;;
	esac
	in_node "$1" mount --bind "$(node_folder "$1")/resolv.conf" "$file"
}

# A mount namespace begins as a copy of the machine's mounts, namespace files
# included; a copy would keep those namespaces alive.
node_let_go_of_namespaces() { # INDEX
	local file
	for file in $(in_node "$1" findmnt --raw --noheadings --output TARGET --types nsfs); do
		in_node "$1" umount -l "$file"
	done
}

# A mount needs a folder to stand on. Note those that were made for it, by this
# cluster or by another that is up: the last one to go removes them.
mountpoint_make() { # FOLDER
	if [ ! -d "$1" ]; then
		mountpoint_make "$(dirname "$1")"
		echo "$1" >>"$STATE/mountpoints"
		mkdir "$1"
	elif mountpoint_is_used "$1"; then
		echo "$1" >>"$STATE/mountpoints"
	fi
}

# Removing a folder would take away what other namespaces have mounted on it.
mountpoint_is_used() { # FOLDER
	grep -qs " $1 " /proc/[0-9]*/mountinfo
}

# The kubelet wants its cgroup to be there in each hierarchy. In version 1 a
# cpuset is unusable until it has been given processors and memory; in version
# 2 a controller works below a cgroup only if that cgroup hands it down.
node_make_cgroup() { # INDEX
	local hierarchy path
	for hierarchy in $(cgroup_hierarchies); do
		path=$hierarchy
		for part in "$CGROUP" "$(node_name "$1")"; do
			cgroup_hand_down "$path"
			path=$path/$part
			mkdir -p "$path"
			cgroup_fill_cpuset "$path"
		done
		cgroup_hand_down "$path"
	done
}

cgroup_hierarchies() {
	awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts | sort -u
}

cgroup_hand_down() { # PATH
	local controllers controller
	[ -e "$1/cgroup.subtree_control" ] || return 0
	read -ra controllers <"$1/cgroup.controllers" || true
	for controller in "${controllers[@]}"; do
		echo "+$controller" >"$1/cgroup.subtree_control" || true
	done
}

cgroup_fill_cpuset() { # PATH
	local file
	[ ! -e "$1/cgroup.subtree_control" ] || return 0
	for file in cpuset.cpus cpuset.mems; do
		[ ! -e "$1/$file" ] || [ -n "$(cat "$1/$file")" ] ||
			cat "$(dirname "$1")/$file" >"$1/$file"
	done
}

# Nodes beside the first reach the API server at the control plane's address.
node_api_url() { echo "https://$(control_plane_address):$API_PORT"; }

node_write_kubeconfigs() { # INDEX
	local name
	name=$(node_name "$1")
	pki_kubeconfig "kubelet-$name" "$(node_api_url)" >"$PKI/kubelet-$name.kubeconfig"
	pki_kubeconfig proxy "$(node_api_url)" >"$PKI/proxy.kubeconfig"
}

# A process without CAP_SYS_RESOURCE may not lower an oom_score_adj, so runc
# would fail to start a pod that the kubelet wants protected: containerd is
# told to leave such scores as they are where the capability is missing.
node_write_containerd_config() { # INDEX
	local folder restrict=false
	folder=$(node_folder "$1")
	has_sys_resource || restrict=true
	cat >"$folder/containerd.toml" <<-TOML
		version = 2
		root = "$folder/containerd"
		state = "/run/containerd"
		disabled_plugins = ["io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
		  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.aufs"]
		[grpc]
		  address = "$(node_containerd "$1")"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "$PAUSE_IMAGE"
		  restrict_oom_score_adj = $restrict
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "/usr/lib/cni"
		    conf_dir = "$folder/cni"
	TOML
}

# CAP_SYS_RESOURCE is number 24 in the effective set.
has_sys_resource() {
	local set
	set=$(awk '/^CapEff:/ { print $2 }' /proc/self/status)
	(((16#$set >> 24) & 1))
}

# Version 1 of cgroups is refused by default, and so are swap and little disk;
# status and pods are looked at often, since here people wait for them.
node_write_kubelet_config() { # INDEX
	local folder name
	folder=$(node_folder "$1")
	name=$(node_name "$1")
	cat >"$folder/kubelet.yaml" <<-YAML
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		containerRuntimeEndpoint: unix://$(node_containerd "$1")
		cgroupDriver: cgroupfs
		cgroupRoot: $(node_cgroup "$1")
		failCgroupV1: false
		failSwapOn: false
		authentication:
		  anonymous: {enabled: false}
		  webhook: {enabled: true}
		  x509: {clientCAFile: $PKI/ca.crt}
		authorization: {mode: Webhook}
		tlsCertFile: $PKI/kubelet-$name.crt
		tlsPrivateKeyFile: $PKI/kubelet-$name.key
		clusterDomain: $DNS_DOMAIN
		clusterDNS: ["$DNS_SERVICE_IP"]
		resolvConf: $folder/resolv.conf
		nodeStatusUpdateFrequency: 1s
		syncFrequency: 10s
		kubeAPIQPS: 200
		kubeAPIBurst: 400
		eventRecordQPS: 0
		registryPullQPS: 0
		serializeImagePulls: false
		imageGCHighThresholdPercent: 100
		evictionHard: {memory.available: 100Mi, nodefs.available: 1Gi, imagefs.available: 1Gi}
	YAML
}

start_containerd() { # INDEX
	node_start_program "$1" containerd containerd --config "$(node_folder "$1")/containerd.toml"
}

start_kubelet() { # INDEX
	local name
	name=$(node_name "$1")
	node_start_program "$1" kubelet kentledge-cluster kubelet \
		--config="$(node_folder "$1")/kubelet.yaml" --kubeconfig="$PKI/kubelet-$name.kubeconfig" \
		--hostname-override="$name" --node-ip="$(node_address "$1")" --root-dir=/var/lib/kubelet
}

start_proxy() { # INDEX
	node_start_program "$1" proxy kentledge-cluster proxy --kubeconfig="$PKI/proxy.kubeconfig" \
		--hostname-override="$(node_name "$1")" --bind-address="$(node_address "$1")" \
		--cluster-cidr="$POD_NETWORK" --proxy-mode=iptables --conntrack-max-per-core=0 \
		--healthz-bind-address=127.0.0.1:10256 --metrics-bind-address=127.0.0.1:10249
}

node_start_program() { # INDEX COMPONENT COMMAND...
	local name enter
	name=$(node_name "$1").$2
	read -ra enter <<<"$(node_enter "$1")"
	shift 2
	process_start "$name" "${enter[@]}" "$@"
}

containerd_answers() { ctr --address "$(node_containerd "$1")" version; } # INDEX

node_is_ready() { # INDEX
	[ "$(kubectl get node "$(node_name "$1")" \
		-o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" = True ]
}
