/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The names in the folder of a volume or snapshot (pool/pool.h has the whole layout).
 */

#define RECORD_FILE_NAME "record"
#define RECORD_FILE_MODE 0600
