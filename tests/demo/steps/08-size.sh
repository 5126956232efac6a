# shellcheck shell=bash

GIB_KB=$((1024 * 1024))
# What else a node writes meanwhile: logs, the API's database.
NOISE_KB=$((64 * 1024))

step_size() {
	measure_disk "$WORK/disk-before"
	show "kubectl exec web-0 -- df -h /usr/share/nginx/html"
	bold "(more than 1Gi into a volume of 1Gi)"
	show_any "kubectl exec web-0 -- dd if=/dev/zero of=/usr/share/nginx/html/big bs=1M count=1100" &&
		miss "a write of more than 1Gi is accepted"
	check "the write ends with \"No space left on device\"" answer_has "No space left on device"
	measure_disk "$WORK/disk-after"
	check_disk
	show "kubectl exec web-0 -- rm /usr/share/nginx/html/big"
}

# Of the node of web-0, in kB: what its disk holds, and the biggest file of the pool.
measure_disk() { # FILE
	local node
	on_trial || return 0
	node=$(field pod web-0 .spec.nodeName)
	# shellcheck disable=SC2016
	on_node "${node#node}" sh -c 'df -k --output=used /var/lib/kentledge | tail -n 1
		find /var/lib/kentledge/pool -type f -printf "%k\n" | sort -n | tail -n 1' >"$1"
}

check_disk() {
	local before after biggest
	if ! on_trial; then
		skipped "how much of the node's disk is used: needs a shell on the node"
		return
	fi
	read -r before <"$WORK/disk-before"
	{ read -r after && read -r biggest; } <"$WORK/disk-after"
	check "the node's disk holds at most 1Gi more ($(((after - before) / 1024)) MiB)" \
		[ $((after - before)) -le $((GIB_KB + NOISE_KB)) ]
	check "no image in the pool takes more than 1Gi of the disk" [ "$biggest" -le $((GIB_KB + 1024)) ]
}
