# shellcheck shell=bash
# Namespaces of the cluster: for each node a network, a mount and a host name
# namespace, and one more network namespace, `switch`, for the bridge that
# joins the nodes. Each is held by a file in NAMESPACES (a mount of the
# kernel's namespace file), not by a process: there is nothing to keep alive,
# and `which processes live in it` is a comparison of inode numbers.

# A namespace file can only be held on a mount that nothing is shared with.
namespaces_open() {
	mkdir -p "$NAMESPACES"
	mount --bind "$NAMESPACES" "$NAMESPACES"
	mount --make-private "$NAMESPACES"
}

namespace_make_network() { # NAME
	: >"$NAMESPACES/$1.net"
	unshare --net="$NAMESPACES/$1.net" true
	in_network "$1" ip link set lo up
}

namespace_make_node() { # INDEX
	local name
	name=$(node_name "$1")
	namespace_make_network "$name"
	: >"$NAMESPACES/$name.uts"
	unshare --uts="$NAMESPACES/$name.uts" hostname "$name"
	: >"$NAMESPACES/$name.mnt"
	unshare_mounts "$NAMESPACES/$name.mnt"
}

# A mount namespace can be held only by an older one, and the kernel (since
# 6.18) tells older by a number of which each processor has its own supply. From
# the machine's first namespace any processor will do, from within another one
# perhaps only the one it was made on.
unshare_mounts() { # FILE
	local cpu
	for cpu in $(seq 0 $(($(nproc --all) - 1))); do
		! taskset --cpu-list "$cpu" unshare --mount="$1" --propagation private true 2>/dev/null ||
			return 0
	done
	unshare --mount="$1" --propagation private true
}

in_network() { # NAME COMMAND...
	local name=$1
	shift
	nsenter --net="$NAMESPACES/$name.net" -- "$@"
}

# The words that put a command before them into a node; for exec and the like.
node_enter() { # INDEX
	local name
	name=$(node_name "$1")
	echo nsenter "--net=$NAMESPACES/$name.net" "--uts=$NAMESPACES/$name.uts" \
		"--mount=$NAMESPACES/$name.mnt" --
}

in_node() { # INDEX COMMAND...
	local enter
	read -ra enter <<<"$(node_enter "$1")"
	shift
	"${enter[@]}" "$@"
}

# The kernel's names of our namespaces, such as `net:[4026532281]`, one a line.
namespace_identities() {
	local file kind
	for file in "$NAMESPACES"/*.*; do
		kind=${file##*.}
		[ "$(stat -f -c %T "$file" 2>/dev/null)" = nsfs ] || continue
		echo "$kind:[$(stat -L -c %i "$file")]"
	done
}

namespaces_close() {
	local file
	for file in "$NAMESPACES"/*.*; do
		umount -l "$file" 2>/dev/null || true
	done
	while umount -l "$NAMESPACES" 2>/dev/null; do :; done
}
