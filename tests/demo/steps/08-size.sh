# shellcheck shell=bash

GIB_KB=$((1024 * 1024))
# What else a node writes meanwhile: logs, the API's database.
NOISE_KB=$((64 * 1024))

step_size() {
	local used_before
	used_before=$(node_used_kb)
	show "kubectl exec web-0 -- df -h /usr/share/nginx/html"
	bold "(more than 1Gi into a volume of 1Gi)"
	show_any "kubectl exec web-0 -- dd if=/dev/zero of=/usr/share/nginx/html/big bs=1M count=1100" &&
		miss "a write of more than 1Gi is accepted"
	check "the write ends with \"No space left on device\"" answer_has "No space left on device"
	check_node_untouched "$used_before"
	show "kubectl exec web-0 -- rm /usr/share/nginx/html/big"
	pages_are_served
}

check_node_untouched() { # USED-BEFORE
	if ! on_trial; then
		skipped "how much of the node's disk is used: needs a shell on the node"
		return
	fi
	check "the node's disk holds at most 1Gi more ($((($(node_used_kb) - $1) / 1024)) MiB)" \
		[ $(($(node_used_kb) - $1)) -le $((GIB_KB + NOISE_KB)) ]
	check "no image in the pool is bigger than 1Gi on the disk" [ "$(biggest_file_kb)" -le $((GIB_KB + 1024)) ]
}

node_of_web_0() { field node "$(field pod web-0 '{.spec.nodeName}')" '{.metadata.name}' | tr -dc 0-9; }

node_used_kb() {
	on_trial || return 0
	on_node "$(node_of_web_0)" df -k --output=used /var/lib/kentledge | tail -n 1 | tr -dc 0-9
}

biggest_file_kb() {
	on_node "$(node_of_web_0)" find /var/lib/kentledge/pool -type f -printf '%k\n' | sort -n | tail -n 1
}
