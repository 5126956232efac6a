# shellcheck shell=bash
# Tearing down: whatever `up` made, also by half. Nothing here relies on the
# order in which things came to be, nor on a process that should be alive: what
# is ours is found by our namespaces, our cgroups, our records and our folder.

# The mark that the folder is ours goes last.
teardown_contents() {
	teardown_processes
	local loops
	loops=$(loops_of_cluster)
	namespaces_close
	loops_detach "$loops"
	cgroups_remove
	mountpoints_remove
	find "$STATE" -xdev -mindepth 1 -not -path "$STATE/owner" -delete
	rm "$STATE/owner"
}

# Until a whole round finds nobody: a process may fork while it is looked for.
teardown_processes() {
	local round name pids
	for name in $(process_names); do process_kill "$name"; done
	for round in $(seq 50); do
		pids=$(processes_of_cluster)
		[ -n "$pids" ] || return 0
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null || true
		sleep 0.1
	done
	fail "processes that do not end after $round rounds: $pids"
}

# A container's process has namespaces of its own, but stays in our cgroup; a
# container's shim is in the node's namespaces, but in no cgroup of ours.
processes_of_cluster() {
	{
		processes_in_namespaces
		processes_in_cgroups
		processes_at_doors
	} | sort -nu | while read -r pid; do
		process_start_time "$pid" >/dev/null && echo "$pid"
	done
	return 0
}

processes_in_namespaces() {
	local identities
	identities=$(namespace_identities)
	[ -n "$identities" ] || return 0
	process_namespaces | awk -v ours="$identities" '
		BEGIN { split(ours, list, "\n"); for (i in list) is_ours[list[i]] = 1 }
		$1 in is_ours { print $2 }'
}

# Lines such as `net:[4026532281] 1234`, three for each process.
process_namespaces() {
	find /proc/[0-9]*/ns -maxdepth 1 \( -name net -o -name mnt -o -name uts \) \
		-printf '%l %p\n' 2>/dev/null | sed -E 's|/proc/([^/]*)/.*|\1|' || true
}

processes_in_cgroups() {
	local hierarchy
	for hierarchy in $(cgroup_hierarchies); do
		[ ! -d "$hierarchy/$CGROUP" ] ||
			find "$hierarchy/$CGROUP" -name cgroup.procs -exec cat {} + 2>/dev/null
	done
}

# The machine's door is in no namespace of ours; each connection is a child of it.
processes_at_doors() {
	{ grep -lF "UNIX-CONNECT:$STATE/api.sock" /proc/[0-9]*/cmdline 2>/dev/null || true; } |
		cut -d / -f 3
}

cgroups_remove() {
	local hierarchy round
	for round in $(seq 50); do
		local left=
		for hierarchy in $(cgroup_hierarchies); do
			[ -d "$hierarchy/$CGROUP" ] || continue
			find "$hierarchy/$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || left=yes
		done
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	fail "cgroups named $CGROUP are left after $round rounds"
}

# Loop devices over files of the nodes' folders. Seen from here the path of a
# backing file that a node opened is the node's, so files are told by device
# and inode; one already unlinked can only be told by the path.
loops_of_cluster() {
	local name device inode file files loops stacked
	files=$(find "$STATE" -xdev -type f -printf '%D:%i\n' 2>/dev/null)
	loops=$(loops_all | while read -r name device inode file; do
		if grep -qxF "$device:$inode" <<<"$files" || path_is_deleted_volume "$file"; then
			echo "$name"
		fi
	done)
	[ -n "$loops" ] || return 0
	# The kubelet puts a loop device of its own on the device of each block volume: those go first.
	# shellcheck disable=SC2086
	stacked=$(stat -c '%d:%i' $loops)
	loops_all | while read -r name device inode file; do
		! grep -qxF "$device:$inode" <<<"$stacked" || echo "$name"
	done
	echo "$loops"
}

# Lines of name, device and inode of the backing file, and its path.
loops_all() {
	local name device inode file
	losetup --list --noheadings --raw --output NAME,BACK-MAJ:MIN,BACK-INO,BACK-FILE |
		sed 's/\\x20//g' | while read -r name device inode file; do
			echo "$name $(device_number "$device") $inode $file"
		done
}

device_number() { # MAJOR:MINOR, as stat counts
	local major=${1%:*} minor=${1#*:}
	echo $(((major << 8) | (minor & 0xff) | ((minor & ~0xff) << 12)))
}

path_is_deleted_volume() { # PATH
	case $1 in
	"$STATE"/*) true ;;
	/var/lib/kentledge/*deleted*) true ;;
	*) false ;;
	esac
}

# With the namespaces gone nothing is mounted and most devices free themselves.
loops_detach() { # NAMES
	local loop
	for loop in $1; do
		loop_is_free "$loop" || loop_is_anothers "$loop" && continue
		losetup --detach "$loop" 2>/dev/null || true
		wait_for 10 "loop device $loop is free" loop_is_free "$loop"
	done
}

loop_is_free() { ! losetup "$1" >/dev/null 2>&1; }

# The path is the node's only as long as there is a node that has it mounted.
loop_is_anothers() {
	[[ $(losetup --list --noheadings --output BACK-FILE "$1") == /var/lib/kentledge/* ]]
}

mountpoints_remove() {
	local folder
	[ -e "$STATE/mountpoints" ] || return 0
	tac "$STATE/mountpoints" | while read -r folder; do
		mountpoint_is_used "$folder" || rmdir "$folder" 2>/dev/null || true
	done
}
