#!/bin/bash
# docs/VOLUMES.md names each parameter and flag that the node plugin reads, and no others.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0

# The names that a file reads, as PATTERN finds them between quotes.
read_by() { # FILE PATTERN
	grep -oE "$2" "$1" | grep -oE '"[^"]+"' | tr -d '"' | sort -u
}

# The names in the first column of the tables below a heading.
told_under() { # HEADING
	# shellcheck disable=SC2016  # backquotes are Markdown's
	awk -v heading="## $1" '/^## /{inside = $0 == heading} inside && /^\| `/' docs/VOLUMES.md |
		cut -d'|' -f2 | grep -oE '`[^`]+`' | tr -d '`' | sort -u
}

compare() { # HEADING NAMES-READ
	local difference
	difference=$(diff <(echo "$2") <(told_under "$1") | grep '^[<>]' || true)
	[ -n "$difference" ] || return 0
	echo "$difference"
	echo "^ < is read and not told under \"$1\" in docs/VOLUMES.md, > is told and not read"
	status=1
}

# What the provisioner adds about a claim is for no class to say; the file system is the provisioner's.
class_parameters() {
	read_by node-plugin/record/parameters.c '\{ "[^"]+", read_' | grep -v '^csi.storage.k8s.io/'
	echo csi.storage.k8s.io/fstype
}

compare 'StorageClass parameters' "$(class_parameters | sort)"
compare 'VolumeAttributesClass parameters' "$(read_by node-plugin/record/io_limits.c 'pair->key, "[^"]+"')"
compare 'Flags of the node plugin' \
	"$(read_by node-plugin/node_options.c '\{ "[a-z-]+", \.' | sed 's/^/--/' | sort)"
[ $status -eq 0 ] && echo "docs/VOLUMES.md names what is read"
exit $status
