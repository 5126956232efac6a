#!/bin/bash
# Layers point down: each quoted include fits the table in docs/ARCHITECTURE.md, read from there.
# The path of a header is its name: it exists once in all programs and libraries together.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0
complain() { echo "$1"; status=1; }

PROGRAMS='node-plugin provisioner controller'

# What the table allows: allowed[FOLDER] is a list of folders.
declare -A allowed
read_table() {
	local folder list
	while IFS='|' read -r _ folder list _; do
		folder=$(tr -d '` ' <<<"$folder")
		[ -d "$folder" ] || continue
		allowed[$folder]=" $(tr -d '`' <<<"$list") lib/base "
	done < <(sed -n '/<!-- layers -->/,/<!-- \/layers -->/p' docs/ARCHITECTURE.md)
	[ "${#allowed[@]}" -ge 8 ] || { echo "no layer table found in docs/ARCHITECTURE.md"; exit 1; }
}

# Each folder with sources stands in the table, and each folder of the table has sources.
check_table() {
	local folder
	while read -r folder; do
		[ -n "${allowed[$folder]:-}" ] || complain "$folder: not in the table of docs/ARCHITECTURE.md"
	done < <(sources | sed 's#/[^/]*$##' | sort -u)
}

sources() { git ls-files -co --exclude-standard -- lib/ node-plugin/ provisioner/ controller/ | grep '\.[ch]$'; }

# No circle of folders: tsort(1) names one.
check_circles() {
	local folder target
	for folder in "${!allowed[@]}"; do
		for target in ${allowed[$folder]}; do
			echo "$folder $target"
		done
	done | awk '$1 != $2' | tsort >/dev/null || complain "the table of docs/ARCHITECTURE.md has a circle"
}

includes() { sources | xargs grep -oH '^#include "[^"]*' | sed 's/#include "//'; }

# Module and module that it includes, of those that exist; a module is a source and its header.
module_pairs() {
	awk -F: '
		NR == FNR { there[$0]; next }
		{
			program = $1
			sub("/.*", "", program)
			header = (program "/" $2) in there ? program "/" $2 : "lib/" $2
			if (!(header in there))
				next
			sub("[.][ch]$", "", $1)
			sub("[.]h$", "", header)
			if ($1 != header)
				print $1, header
		}' <(sources) -
}

# No circle of modules either.
check_module_circles() {
	local circles
	circles=$(includes | module_pairs | sort -u | tsort 2>&1 >/dev/null) ||
		complain "modules include one another in a circle: ${circles//tsort: /}"
}

wire_is_known() { # FOLDER
	case $1 in
		lib/rpc | lib/csi | node-plugin/csi) return 0 ;;
		*) return 1 ;;
	esac
}

# An include lies below its own program, else below lib.
check() { # FILE INCLUDE
	local folder=${1%/*} header
	if [[ $2 == *.pb-c.h ]]; then
		wire_is_known "$folder" || complain "$1: generated names stop at the wire: $2"
		return
	fi
	if [ -e "${1%%/*}/$2" ]; then
		header=${1%%/*}/$2
	elif [ -e "lib/$2" ]; then
		header=lib/$2
	else
		complain "$1: no header \"$2\""
		return
	fi
	[[ ${header%/*} == "$folder" || ${allowed[$folder]} == *" ${header%/*} "* ]] ||
		complain "$1: $folder may not include \"$2\" (docs/ARCHITECTURE.md)"
}

check_headers_once() {
	local twice
	twice=$(sources | grep '\.h$' | sed -E "s#^(lib|${PROGRAMS// /|})/##" | sort | uniq -d)
	[ -z "$twice" ] || complain "two headers of one path: $twice"
}

check_plans() {
	local plan
	while read -r plan; do
		if grep -nE '#include "(kube/client|kube/verbs|rpc/|csi/client|http/|apply/)' "$plan"; then
			complain "$plan: a plan has no effects, so it needs no client"
		fi
	done < <(sources | grep -E '(_plan|/plan)\.c$')
}

# controller/set decides and builds; what acts on the cluster is controller/sync.
check_set() {
	local found
	found=$(sources | grep '^controller/set/' | xargs grep -nE '^#include "(kube|http)/' |
		grep -vE '"kube/(json|object|claim|selector)\.h"' || true)
	[ -z "$found" ] || complain "controller/set has no effects, so it needs no client: $found"
}

read_table
check_set
check_table
check_circles
check_headers_once
check_plans
check_module_circles

count=0
while IFS=: read -r file include; do
	count=$((count + 1))
	check "$file" "$include"
done < <(includes)
[ "$count" -gt 500 ] || complain "only $count includes were looked at"
[ $status -eq 0 ] && echo "$count includes keep to their layers"
exit $status
