# shellcheck shell=bash disable=SC2034
# The cluster's names and addresses. A node is a function of its index: node
# number i has everything below derived from i, and node 1 also carries the
# control plane. All files live under STATE, all sockets and addresses inside
# network namespaces of the cluster's own.

KUBERNETES_VERSION=v1.37.2
HELM_VERSION=v4.3.1

STATE=${KENTLEDGE_STATE:-/var/lib/kentledge-cluster}
CACHE=${KENTLEDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kentledge}

# How many requests a second the controller manager may make; and whether the API server notes all requests.
CONTROLLER_QPS=${KENTLEDGE_CONTROLLER_QPS:-100}
AUDIT=${KENTLEDGE_AUDIT:-}

API_PORT=${KENTLEDGE_API_PORT:-16443}
API_URL=https://127.0.0.1:$API_PORT
NODE_NETWORK=10.88.0.0/24
POD_NETWORK=10.244.0.0/16
SERVICE_NETWORK=10.96.0.0/16
API_SERVICE_IP=10.96.0.1
DNS_SERVICE_IP=10.96.0.10
DNS_DOMAIN=cluster.local

PKI=$STATE/pki
LOGS=$STATE/log
PROCESSES=$STATE/processes
NAMESPACES=$STATE/namespaces
ADMIN_KUBECONFIG=$STATE/kubeconfig
# Two clusters on one machine differ in STATE and API_PORT; their cgroups in this.
CGROUP=$(basename "$STATE")

# A file that only a node's own /run has.
NODE_MARK=/run/kentledge-trial-node

node_name() { echo "node$1"; }
node_folder() { echo "$STATE/node$1"; }
node_address() { echo "10.88.0.$1"; }
node_pod_network() { echo "10.244.$1.0/24"; }
node_cgroup() { echo "/$CGROUP/node$1"; }
node_containerd() { echo "$STATE/node$1/containerd.sock"; }

control_plane_address() { node_address 1; }

# The indices of the nodes of the cluster that is up (or was half made).
node_indices() { seq "$(cat "$STATE/nodes" 2>/dev/null || echo 0)"; }
