/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record of a volume. What parses must come out of the parser and into the text again unchanged.
 */
#include "record/volume_record.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct volume_record record;
	struct error err = { 0 };
	if (volume_record_parse((const char *)data, size, &record, &err) < 0) {
		if (err.code != ERROR_INTERNAL || !err.text[0])
			abort();
		return 0;
	}
	CLEANUP_TEXT struct text text = TEXT_INIT;
	volume_record_format(&record, &text);
	struct volume_record again;
	if (volume_record_parse(text.data, text.length, &again, &err) < 0 ||
	    memcmp(&record, &again, sizeof(record)) != 0)
		abort();
	return 0;
}
