/* SPDX-License-Identifier: Apache-2.0 */
#include "record/snapshot_record.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static const struct snapshot_record whole = {
	.id = "snapshot-1",
	.name = "snapshot-1",
	.source_volume = "pvc-1",
	.backend = BACKEND_LOOP,
	.fs_type = "ext4",
	.size_bytes = 1ULL << 30,
	.held_bytes = 32 << 20,
	.created_us = 1795512345000000,
	.block = true,
	.shared = true,
	.encryption = ENCRYPTION_FSCRYPT,
	.group = "group-1",
};

static void a_record_comes_back_as_it_was_written(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct snapshot_record record;
	struct error err = { 0 };
	snapshot_record_format(&whole, &text);
	assert_int_equal(snapshot_record_parse(text.data, text.length, &record, &err), 0);
	assert_memory_equal(&record, &whole, sizeof(record));
}

static void what_has_nothing_to_say_is_not_written(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct snapshot_record record = whole;
	record.block = record.shared = false;
	record.encryption = ENCRYPTION_NONE;
	record.group[0] = '\0';
	snapshot_record_format(&record, &text);
	assert_null(strstr(text.data, "block="));
	assert_null(strstr(text.data, "shared="));
	assert_null(strstr(text.data, "encryption="));
	assert_null(strstr(text.data, "group="));
}

static void a_changed_or_missing_byte_is_noticed_whichever_it_is(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct snapshot_record record;
	struct error err = { 0 };
	snapshot_record_format(&whole, &text);
	for (size_t i = 0; i < text.length; i++) {
		text.data[i] ^= 1;
		assert_int_equal(snapshot_record_parse(text.data, text.length, &record, &err), -1);
		text.data[i] ^= 1;
		assert_int_equal(snapshot_record_parse(text.data, i, &record, &err), -1);
		assert_int_equal(err.code, ERROR_INTERNAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_back_as_it_was_written),
		cmocka_unit_test(what_has_nothing_to_say_is_not_written),
		cmocka_unit_test(a_changed_or_missing_byte_is_noticed_whichever_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
