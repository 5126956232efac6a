#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$(dirname "$0")/functions.sh"

# A directory has no device of its own whose use could be limited.
READ_IOPS=0

sanity mount backend=directory enforce=false
