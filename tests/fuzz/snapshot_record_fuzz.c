/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of a snapshot. What parses must come out of the parser and into the text again
 * unchanged.
 */
#include "record/snapshot_record.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct snapshot_record record;
	struct error err = { 0 };
	if (snapshot_record_parse((const char *)data, size, &record, &err) < 0) {
		if (err.code != ERROR_INTERNAL || !err.text[0])
			abort();
		return 0;
	}
	CLEANUP_TEXT struct text text = TEXT_INIT;
	snapshot_record_format(&record, &text);
	struct snapshot_record again;
	if (snapshot_record_parse(text.data, text.length, &again, &err) < 0 ||
	    memcmp(&record, &again, sizeof(record)) != 0)
		abort();
	return 0;
}
