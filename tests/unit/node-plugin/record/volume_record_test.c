/* SPDX-License-Identifier: Apache-2.0 */
#include "record/volume_record.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static const struct volume_record sample = {
	.id = "pvc-1",
	.name = "pvc-1",
	.backend = BACKEND_LOOP,
	.fs_type = "ext4",
	.size_bytes = 1ULL << 30,
	.enforce = true,
	.claim = "default/www-web-0",
};

static void format_sample(struct text *text)
{
	volume_record_format(&sample, text);
}

static void a_record_comes_back_as_it_was_written(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct volume_record record;
	struct error err = { 0 };
	format_sample(&text);
	assert_int_equal(volume_record_parse(text.data, text.length, &record, &err), 0);
	assert_string_equal(record.id, sample.id);
	assert_string_equal(record.name, sample.name);
	assert_int_equal(record.backend, sample.backend);
	assert_string_equal(record.fs_type, sample.fs_type);
	assert_int_equal(record.size_bytes, sample.size_bytes);
	assert_true(record.enforce);
	assert_string_equal(record.claim, sample.claim);
}

static void what_only_some_volumes_have_comes_back_too(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct volume_record back;
	struct error err = { 0 };
	struct volume_record record = {
		.id = "pvc-1",
		.name = "pvc-1",
		.size_bytes = 1ULL << 30,
		.block = true,
		.ephemeral = true,
		.provisioning = PROVISIONING_THICK,
		.encryption = ENCRYPTION_FSCRYPT,
		.source = { .kind = SOURCE_SNAPSHOT, .id = "snapshot-1" },
		.quota = QUOTA_PROJECT,
		.project_id = 7,
		.limits = { 1, 2, 3, 4 },
		.attached = ATTACHED_RO,
	};
	volume_record_format(&record, &text);
	assert_int_equal(volume_record_parse(text.data, text.length, &back, &err), 0);
	assert_memory_equal(&back, &record, sizeof(record));
}

static void a_record_with_everything_as_long_as_allowed_comes_back(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct volume_record record = sample, back;
	struct error err = { 0 };
	memset(record.id, 'a', ID_MAX);
	memset(record.name, 'n', ID_NAME_MAX);
	memset(record.claim, 'c', VOLUME_CLAIM_MAX);
	memset(record.fs_type, 'f', VOLUME_FS_TYPE_MAX);
	volume_record_format(&record, &text);
	assert_true(text.length < RECORD_BYTES_MAX);
	assert_int_equal(volume_record_parse(text.data, text.length, &back, &err), 0);
	assert_string_equal(back.claim, record.claim);
}

static void a_record_cut_anywhere_is_refused(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	format_sample(&text);
	for (size_t length = 0; length < text.length; length++) {
		struct volume_record record;
		struct error err = { 0 };
		/* A copy of just that length, for the sanitizers. */
		char *cut = malloc(length ? length : 1);
		memcpy(cut, text.data, length);
		assert_int_equal(volume_record_parse(cut, length, &record, &err), -1);
		assert_int_equal(err.code, ERROR_INTERNAL);
		free(cut);
	}
}

static void a_record_changed_in_any_bit_is_refused(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	format_sample(&text);
	for (size_t i = 0; i < text.length; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct volume_record record;
			struct error err = { 0 };
			text.data[i] ^= (char)(1 << bit);
			assert_int_equal(volume_record_parse(text.data, text.length, &record, &err),
					 -1);
			text.data[i] ^= (char)(1 << bit);
		}
}

static void a_record_with_something_behind_it_is_refused(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct volume_record record;
	struct error err = { 0 };
	format_sample(&text);
	text_append_string(&text, "more\n");
	assert_int_equal(volume_record_parse(text.data, text.length, &record, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_back_as_it_was_written),
		cmocka_unit_test(what_only_some_volumes_have_comes_back_too),
		cmocka_unit_test(a_record_with_everything_as_long_as_allowed_comes_back),
		cmocka_unit_test(a_record_cut_anywhere_is_refused),
		cmocka_unit_test(a_record_changed_in_any_bit_is_refused),
		cmocka_unit_test(a_record_with_something_behind_it_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
