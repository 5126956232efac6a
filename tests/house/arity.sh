#!/bin/bash
# A function takes at most five parameters (docs/STYLE.md): more become a struct. Looks at what the headers of lib/ and
# node-plugin/ declare, tables of functions included.
set -euo pipefail
cd "$(dirname "$0")/../.."

MOST=5

# Those that have more, each with its reason. One that no longer has more, or no longer exists, leaves the list.
EXCEPTIONS='
lib/base/file.h:file_read_at		as read(2) and openat(2): folder, name, the bytes, their number
lib/base/file.h:file_write_at		as write(2) and openat(2)
lib/base/file.h:file_replace_at		as write(2) and openat(2)
node-plugin/folder/folder.h:folder_open_file	as openat(2): folder, path, flags, mode
lib/kube/verbs.h:kube_get		the parts of one request and its answer, not yet a struct
lib/kube/verbs.h:kube_create		as kube_get
lib/kube/verbs.h:kube_create_dry_run	as kube_get
lib/kube/verbs.h:kube_patch		as kube_get
lib/kube/verbs.h:kube_delete		as kube_get
lib/kube/list.h:kube_list		as kube_get
lib/kube/list_text.h:list_text_parse	a parser with several results, not yet a struct
lib/kube/json.h:json_read_strings	a parser with several results, not yet a struct
lib/kube/kubeconfig.h:kubeconfig_parse	a parser with several results, not yet a struct
lib/csi/client.h:csi_get_capacity	the parts of one call, not yet a struct
lib/rpc/channel_call.h:rpc_channel_call	the parts of one call, not yet a struct
lib/rpc/channel_call.h:rpc_channel_stream	the parts of one call, not yet a struct
lib/rpc/server.h:rpc_server_listen_tls	address, certificates and who is let in, not yet a struct
node-plugin/backend/backend.h:keep	a table that each backend fills in: the site comes first, not yet a struct
node-plugin/backend/backend.h:mark	as keep
node-plugin/host/host.h:mount		as mount(2), and the host
node-plugin/host/host.h:mount_encrypted	as mount, and the secret
node-plugin/host/host.h:check_filesystem	as the other programs on an image, and why it is checked
node-plugin/host/host.h:keep_loop	as attach_loop, and how the device is opened
node-plugin/host/host.h:begin_quota	as the other calls for a quota, and the limit
node-plugin/folder/tree_copy.h:tree_copy	source, target, links, watch and result, not yet a struct
node-plugin/snapshot/extent_map.h:extent_map_delta	two images, an offset and a reader, not yet a struct
node-plugin/snapshot/group.h:snapshot_group_create	the parts of one call, not yet a struct
node-plugin/snapshot/snapshot.h:snapshot_list	a list has three results, not yet a struct
node-plugin/volume/volume.h:volume_list	a list has three results, not yet a struct
node-plugin/volume/freeze.h:freeze_recover	a visitor with its context, and a result
node-plugin/volume/mounts.h:volume_mounts_read_at	as volume_mounts_read, and the places
'

# FILE: name and number of parameters of each function above MOST.
above() {
	awk -v most=$MOST '
		{ text = text $0 "\n" }
		END {
			while ((start = index(text, "/*")) > 0) {
				end = index(substr(text, start + 2), "*/")
				text = substr(text, 1, start - 1) " " substr(text, start + 2 + end + 1)
			}
			gsub(/\n#[^\n]*/, "\n", text)
			count = split(text, parts, /[;{}]/)
			for (i = 1; i <= count; i++)
				look(parts[i])
		}
		function look(part,   name, start, depth, commas, at, c) {
			gsub(/[ \t\n]+/, " ", part)
			if (part ~ /=/ || part !~ /\) *(__attribute__.*)?$/)
				return
			if (substr(part, index(part, "("), 2) == "(*" && match(part, /\(\*[a-z_0-9]+\)\(/))
				name = substr(part, RSTART + 2, RLENGTH - 4)
			else if (match(part, /[a-z_0-9]+\(/))
				name = substr(part, RSTART, RLENGTH - 1)
			else
				return
			start = RSTART + RLENGTH
			depth = 1
			commas = 0
			for (at = start; at <= length(part) && depth > 0; at++) {
				c = substr(part, at, 1)
				depth += (c == "(") - (c == ")")
				commas += (c == "," && depth == 1)
			}
			if (commas + 1 > most)
				print name, commas + 1
		}' "$1"
}

status=0
seen=' '
count=0
while read -r header; do
	count=$((count + 1))
	while read -r name parameters; do
		seen+="$header:$name "
		grep -qE "^${header}:${name}[[:space:]]+[^[:space:]]" <<<"$EXCEPTIONS" && continue
		echo "$header: $name has $parameters parameters: more than $MOST become a struct"
		status=1
	done < <(above "$header")
done < <(git ls-files -co --exclude-standard -- 'lib/*.h' 'node-plugin/*.h')
while read -r exception _; do
	[ -z "$exception" ] || [[ $seen == *" $exception "* ]] || { echo "$exception is no exception any more: take it off the list"; status=1; }
done <<<"$EXCEPTIONS"
[ "$count" -gt 100 ] || { echo "only $count headers were looked at"; status=1; }
[ $status -eq 0 ] && echo "functions of $count headers take at most $MOST parameters"
exit $status
