#!/bin/bash
# The stand-in's nslookup prints what busybox 1.28 prints. Names come from a hosts file that only
# this test sees, so no name server is asked.
set -euo pipefail
cd "$(dirname "$0")/../.."
unshare --mount true 2>/dev/null || { echo "skipped: no right to make a mount namespace"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror -o "$work/nslookup" images/nslookup.c -lresolv

cat >"$work/hosts" <<-TEXT
	10.96.0.10 kube-dns.kube-system.svc.cluster.local
	10.244.1.6 web-0.nginx.default.svc.cluster.local web-0.nginx
TEXT
echo 'nameserver 10.96.0.10' >"$work/resolv.conf"
echo 'hosts: files' >"$work/nsswitch.conf"

lookup() { # ARGUMENTS...
	# shellcheck disable=SC2016
	unshare --mount sh -c '
		for file in hosts resolv.conf nsswitch.conf; do mount --bind "$0/$file" "/etc/$file"; done
		exec "$0/nslookup" "$@"' "$work" "$@" 2>&1
}

# prints EXPECTED ARGUMENTS...
prints() {
	local expected=$1 got
	shift
	got=$(lookup "$@" || true)
	[ "$got" = "$expected" ] && return
	printf 'nslookup %s printed:\n%s\nand should have printed:\n%s\n' "$*" "$got" "$expected"
	exit 1
}

server='Server:    10.96.0.10
Address 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local
'

prints "$server
Name:      web-0.nginx
Address 1: 10.244.1.6 web-0.nginx.default.svc.cluster.local" web-0.nginx
prints "$server
Name:      10.244.1.6
Address 1: 10.244.1.6 web-0.nginx.default.svc.cluster.local" 10.244.1.6
prints "$server
nslookup: can't resolve 'web-9.nginx'" web-9.nginx
prints "nslookup: bad address 'nowhere'" web-0.nginx nowhere
! lookup web-9.nginx >/dev/null || { echo "an unknown name was a success"; exit 1; }
lookup web-0.nginx >/dev/null || { echo "a known name was a failure"; exit 1; }
echo "nslookup prints as busybox 1.28 does"
