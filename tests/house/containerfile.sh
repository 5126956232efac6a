#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The Containerfile names what packages.txt says is needed to build and to run; cmocka and openssl
# are for tests alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

section() { # NAME: its packages
	awk -v section="[$1]" '/^\[/ { inside = ($0 == section); next } inside && NF && !/^#/' \
		.ci/packages.txt
}

status=0
for package in $(section build) $(section run); do
	case $package in
	libcmocka-dev | openssl) continue ;;
	esac
	grep -Eq "(^|[[:space:]])$package([[:space:]]|\$)" Containerfile || {
		echo "Containerfile does not install $package"
		status=1
	}
done
exit $status
