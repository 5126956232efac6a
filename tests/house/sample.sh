#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/web.yaml is the demo's manifest, but for the image, which today's runtimes pull.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

image='registry.k8s.io/nginx-slim:0.24'
diff <(sed "s#k8s.gcr.io/nginx-slim:0.8#$image#" tests/demo/web.yaml) docs/web.yaml || {
	echo "^ docs/web.yaml differs from tests/demo/web.yaml in more than the image"
	exit 1
}
grep -q "image: $image" docs/web.yaml
echo "docs/web.yaml is the demo's manifest"
