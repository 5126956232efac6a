#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
. "$(dirname "$0")/functions.sh"

sanity mount
