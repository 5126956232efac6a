#!/bin/bash
# Layers point down: each quoted include fits the table in docs/ARCHITECTURE.md, read from there.
set -euo pipefail
cd "$(dirname "$0")/../.."

declare -A allowed
while IFS='|' read -r _ folder list _; do
	folder=$(tr -d '` ' <<<"$folder")
	[[ $folder == */* || $folder == node-plugin || $folder == provisioner || $folder == controller ]] || continue
	allowed[$folder]=" $(tr -d '`' <<<"$list") "
done < <(sed -n '/<!-- layers -->/,/<!-- \/layers -->/p' docs/ARCHITECTURE.md)
[ "${#allowed[@]}" -ge 8 ] || { echo "no layer table found in docs/ARCHITECTURE.md"; exit 1; }

status=0
complain() { echo "$1"; status=1; }

wire_is_known() { # FILE
	case $1 in
		lib/rpc/* | lib/csi/* | node-plugin/csi_*.[ch] | node-plugin/registration.[ch]) return 0 ;;
		*) return 1 ;;
	esac
}

check() { # FOLDER FILE INCLUDE
	local target
	case $3 in
		*.pb-c.h) wire_is_known "$2" || complain "$2: generated names stop at the wire: $3" ;;
		*/*)
			target=lib/${3%%/*}
			[[ $target == "$1" || ${allowed[$1]} == *" $target "* ]] ||
				complain "$2: $1 may not include \"$3\" (docs/ARCHITECTURE.md)"
			;;
		*) [ -e "$1/$3" ] || complain "$2: no \"$3\" in $1" ;;
	esac
}

count=0
for folder in "${!allowed[@]}"; do
	for file in "$folder"/*.[ch]; do
		[ -e "$file" ] || continue
		count=$((count + 1))
		while read -r include; do
			check "$folder" "$file" "$include"
		done < <(sed -n 's/^#include "\(.*\)".*/\1/p' "$file")
	done
done
for plan in */*_plan.c; do
	[ -e "$plan" ] || continue
	grep -nE '#include "(kube/client|rpc/|csi/client|http/)' "$plan" &&
		complain "$plan: a plan has no effects, so it needs no client"
done
[ "$count" -gt 20 ] || complain "only $count files were looked at"
[ $status -eq 0 ] && echo "$count files keep to their layers"
exit $status
