#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stands before busybox's nsenter in the stand-in for agnhost. The storage suite looks at a node by entering the mounts of
# process 1, in a pod that has the node's network and its `/` at /rootfs. On a trial cluster process 1 is the machine's; the
# node's mounts are those of its kubelet, the one in the network of this pod.

# The names are read by the shell alone: a machine has hundreds of processes.
kubelet() {
	for process in /rootfs/proc/[0-9]*; do
		name=
		read -r name <"$process/comm"
		[ "$name" = kentledge-clust ] || continue
		[ "$(readlink "$process/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
		case $(tr '\0' ' ' <"$process/cmdline") in
		kentledge-cluster\ kubelet\ *) echo "$process" && return ;;
		esac
	done 2>/dev/null
}

if [ "$1" = --mount=/rootfs/proc/1/ns/mnt ]; then
	node=$(kubelet)
	shift
	[ -n "$node" ] || node=/rootfs/proc/1
	exec busybox nsenter --mount="$node/ns/mnt" "$@"
fi
exec busybox nsenter "$@"
