/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/loop_image.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "test.h"

#define POOL "/var/lib/kentledge/pool"

static void an_image_shows_its_volume_by_its_place_in_the_pool(void **state)
{
	static const struct {
		const char *shown;
		const char *id; /* NULL: of no volume */
	} cases[] = {
		{ POOL "/volumes/pvc-1/image\n", "pvc-1" },
		{ POOL "/volumes/pvc-1/image", "pvc-1" },
		{ POOL "/volumes/pvc-1/image (deleted)\n", "pvc-1" },
		{ "/volumes/pvc-1/image\n", "pvc-1" }, /* a disk of its own, seen from its root */
		{ "/mnt/image/volumes/volumes/volumes/image/image\n", "image" },
		{ POOL "/volumes/a.b-c/image\n", "a.b-c" },
		/* other folders */
		{ POOL "/trash/pvc-1/image\n", NULL },
		{ POOL "/trash/pvc-1/image (deleted)\n", NULL },
		{ POOL "/tmp/pvc-1/image\n", NULL },
		{ POOL "/snapshots/pvc-1/image\n", NULL },
		{ "/home/volumes-of-mine/pvc-1/image\n", NULL },
		{ "/home/myvolumes/pvc-1/image\n", NULL },
		{ "/home/pvc-1/image\n", NULL },
		/* other files */
		{ POOL "/volumes/pvc-1/image.old\n", NULL },
		{ POOL "/volumes/pvc-1/myimage\n", NULL },
		{ POOL "/volumes/pvc-1/data/image\n", NULL },
		{ POOL "/volumes/pvc-1\n", NULL },
		{ POOL "/volumes/image\n", NULL },
		{ POOL "/volumes/pvc-1/image (deleted) (deleted)\n", NULL },
		{ POOL "/volumes/pvc-1/image/\n", NULL },
		/* names that are no ids */
		{ POOL "/volumes/../image\n", NULL },
		{ POOL "/volumes//image\n", NULL },
		{ POOL "/volumes/.hidden/image\n", NULL },
		{ POOL "/volumes/PVC/image\n", NULL },
		{ POOL "/volumes/pvc 1/image\n", NULL },
		/* the end of a line is not the end of a path */
		{ POOL "/volumes/pvc-1/image\n/elsewhere\n", NULL },
		{ POOL "/volumes/pvc-1/image\n\n", NULL },
		{ "volumes/pvc-1/image\n", NULL },
		{ "\n", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(loop_image_done) struct loop_image image = { 0 };
		char id[ID_MAX + 1] = "untouched";
		loop_image_parse(cases[i].shown, &image);
		bool found = loop_image_volume(&image, id);
		if (found != (cases[i].id != NULL))
			print_error("%s: %s\n", cases[i].shown, id);
		assert_int_equal(found, cases[i].id != NULL);
		assert_string_equal(id, found ? cases[i].id : "untouched");
	}
}

static void an_id_is_not_longer_than_ids_are(void **state)
{
	for (int length = ID_MAX; length <= ID_MAX + 1; length++) {
		CLEANUP(loop_image_done) struct loop_image image = { 0 };
		char long_id[ID_MAX + 2] = "", id[ID_MAX + 1];
		memset(long_id, 'a', (size_t)length);
		CLEANUP_FREE char *shown = must_printf(POOL "/volumes/%s/image\n", long_id);
		loop_image_parse(shown, &image);
		assert_int_equal(loop_image_volume(&image, id), length == ID_MAX);
	}
}

static void an_image_without_a_name_differs_from_one_that_has_it(void **state)
{
	CLEANUP(loop_image_done) struct loop_image image = { 0 };
	CLEANUP(loop_image_done) struct loop_image gone = { 0 };
	struct loop_image none = { 0 };
	char id[ID_MAX + 1];
	loop_image_parse("/pool/volumes/pvc-1/image\n", &image);
	loop_image_parse("/pool/volumes/pvc-1/image (deleted)\n", &gone);
	assert_string_equal(image.path, gone.path);
	assert_false(image.deleted);
	assert_true(gone.deleted);
	assert_false(loop_image_equal(&image, &gone));
	assert_false(loop_image_equal(&image, &none));
	assert_true(loop_image_equal(&gone, &gone));
	assert_false(loop_image_volume(&none, id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_shows_its_volume_by_its_place_in_the_pool),
		cmocka_unit_test(an_id_is_not_longer_than_ids_are),
		cmocka_unit_test(an_image_without_a_name_differs_from_one_that_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
