# shellcheck shell=bash
# Questions to the API as plain HTTP. A test asks the same thing many times a second while it waits,
# and each start of kubectl would take a quarter of a second of a processor that the cluster needs:
# one `kubectl proxy` stays, with the caller's KUBECONFIG, and curl asks it.

API_SOCKET='' API_PROXY=''

# api_open FOLDER: the socket lies in it, so nobody else may enter it.
api_open() {
	api_close
	kubectl proxy --unix-socket="$1/api.sock" >/dev/null 2>"$1/api.log" &
	API_PROXY=$!
	API_SOCKET=$1/api.sock
	wait_for 10 test -S "$API_SOCKET"
}

api_close() {
	[ -z "$API_PROXY" ] || kill "$API_PROXY" 2>/dev/null || true
	[ -z "$API_SOCKET" ] || rm -f "$API_SOCKET"
	API_SOCKET='' API_PROXY=''
}

# api PATH: the answer, or failure where it is an error.
api() {
	curl --silent --fail --globoff --max-time 10 --unix-socket "$API_SOCKET" "http://localhost$1"
}

# The path at which objects of a kind are listed, in a namespace where the kind lives in one.
api_list() { # KIND [NAMESPACE]
	local inside=namespaces/${2:-${NAMESPACE:-default}}
	case $1 in
	pod | pods) echo "/api/v1/$inside/pods" ;;
	pvc) echo "/api/v1/$inside/persistentvolumeclaims" ;;
	event | events) echo "/api/v1/$inside/events" ;;
	quota) echo "/api/v1/$inside/resourcequotas" ;;
	statefulset) echo "/apis/apps/v1/$inside/statefulsets" ;;
	snapshot) echo "/apis/snapshot.storage.k8s.io/v1/$inside/volumesnapshots" ;;
	snapshotcontent) echo "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents" ;;
	groupsnapshot) echo "/apis/groupsnapshot.storage.k8s.io/v1/$inside/volumegroupsnapshots" ;;
	capacity) echo "/apis/storage.k8s.io/v1/$inside/csistoragecapacities" ;;
	pv) echo "/api/v1/persistentvolumes" ;;
	node | nodes) echo "/api/v1/nodes" ;;
	namespace) echo "/api/v1/namespaces" ;;
	*)
		echo "api_list: no path is known for $1" >&2
		return 1
		;;
	esac
}
