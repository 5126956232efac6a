/* SPDX-License-Identifier: Apache-2.0 */
#include "loop_device.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "node_scene.h"

#define IMAGE_BYTES (1 << 20)

static int make_image(void)
{
	char path[] = "/tmp/kentledge-image-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, IMAGE_BYTES), 0);
	return fd;
}

/* Leaves room for so many more descriptors; returns what was before. */
static struct rlimit leave_descriptors(unsigned count)
{
	struct rlimit before;
	int next = dup(0);
	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	struct rlimit limit = { .rlim_cur = (rlim_t)next + count, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void an_image_has_one_device_that_is_found_while_it_is_held(void **state)
{
	struct error err = { 0 };
	int image_fd CLEANUP_CLOSE = make_image();
	struct loop_device found;
	assert_int_equal(loop_device_find(image_fd, &found, &err), 0);
	{
		struct loop_device first CLEANUP(loop_device_done) = { .fd = -1 };
		struct loop_device second CLEANUP(loop_device_done) = { .fd = -1 };
		assert_int_equal(loop_device_attach(image_fd, &first, &err), 0);
		assert_int_equal(loop_device_attach(image_fd, &second, &err), 0);
		assert_int_equal(first.number, second.number);
		assert_int_equal(loop_device_find(image_fd, &found, &err), 1);
		assert_int_equal(found.number, first.number);
		assert_int_equal(found.device, first.device);
	}
	assert_int_equal(loop_device_find(image_fd, &found, &err), 0);
}

/* Taken for an absence, it would let an image be attached twice, or be removed under its mount. */
static void a_device_that_cannot_be_looked_at_is_an_error_and_no_absence(void **state)
{
	struct error err = { 0 };
	int image_fd CLEANUP_CLOSE = make_image();
	struct loop_device device CLEANUP(loop_device_done) = { .fd = -1 };
	assert_int_equal(loop_device_attach(image_fd, &device, &err), 0);
	for (unsigned count = 0; count < 4; count++) {
		struct loop_device found;
		struct rlimit before = leave_descriptors(count);
		int outcome = loop_device_find(image_fd, &found, &err);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_not_equal(outcome, 0);
	}
}

static void detaching_touches_the_device_of_this_image_only(void **state)
{
	struct error err = { 0 };
	int image_fd CLEANUP_CLOSE = make_image();
	int other_fd CLEANUP_CLOSE = make_image();
	struct loop_device device CLEANUP(loop_device_done) = { .fd = -1 };
	struct loop_device found = { 0 };
	assert_int_equal(loop_device_attach(image_fd, &device, &err), 0);
	assert_int_equal(loop_device_detach(other_fd, &found, &err), 1);
	assert_int_equal(loop_device_find(image_fd, &found, &err), 1);
	/* It is held here: it lets go of its image when that ends. */
	assert_int_equal(loop_device_detach(image_fd, &found, &err), 0);
	assert_int_equal(found.number, device.number);
	loop_device_done(&device);
	assert_int_equal(loop_device_detach(image_fd, &found, &err), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_has_one_device_that_is_found_while_it_is_held),
		cmocka_unit_test(a_device_that_cannot_be_looked_at_is_an_error_and_no_absence),
		cmocka_unit_test(detaching_touches_the_device_of_this_image_only),
	};
	if (!node_scene_can_mount())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
