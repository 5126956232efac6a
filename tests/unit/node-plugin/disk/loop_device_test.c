/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/loop_device.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/cleanup.h"
#include "disk/loop_discard.h"
#include "node_scene.h"
#include "test.h"

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
	CLEANUP_CLOSE int image_fd = make_image();
	struct loop_device found;
	assert_int_equal(loop_device_find(image_fd, &found, &err), 0);
	{
		CLEANUP(loop_device_done) struct loop_device first = { .fd = -1 };
		CLEANUP(loop_device_done) struct loop_device second = { .fd = -1 };
		assert_int_equal(loop_device_attach(image_fd, true, &first, &err), 0);
		assert_int_equal(loop_device_attach(image_fd, true, &second, &err), 0);
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
	CLEANUP_CLOSE int image_fd = make_image();
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	assert_int_equal(loop_device_attach(image_fd, true, &device, &err), 0);
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
	CLEANUP_CLOSE int image_fd = make_image();
	CLEANUP_CLOSE int other_fd = make_image();
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	struct loop_device found = { 0 };
	assert_int_equal(loop_device_attach(image_fd, true, &device, &err), 0);
	assert_int_equal(loop_device_detach(other_fd, &found, &err), 1);
	assert_int_equal(loop_device_find(image_fd, &found, &err), 1);
	/* It is held here: it lets go of its image when that ends. */
	assert_int_equal(loop_device_detach(image_fd, &found, &err), 0);
	assert_int_equal(found.number, device.number);
	loop_device_done(&device);
	assert_int_equal(loop_device_detach(image_fd, &found, &err), 1);
}

static int open_writable(unsigned number)
{
	char path[LOOP_DEVICE_PATH_MAX];
	loop_device_path(number, path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static bool can_discard(const struct loop_device *device)
{
	uint64_t range[2] = { 0, 4096 };
	CLEANUP_CLOSE int fd = open_writable(device->number);
	return ioctl(fd, BLKDISCARD, range) == 0;
}

/* Leaves a free device with this number that refuses discards. */
static unsigned spend_a_device(void)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int image_fd = make_image();
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	assert_int_equal(loop_device_attach(image_fd, false, &device, &err), 0);
	assert_int_equal(loop_discard_set(device.number, false, &err), 0);
	assert_false(can_discard(&device));
	return device.number;
}

static void a_spent_device_is_made_again_for_an_image_that_may_discard(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int image_fd = make_image();
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	unsigned spent = spend_a_device();
	assert_int_equal(loop_device_attach(image_fd, true, &device, &err), 0);
	print_message("loop%u was spent, loop%u is used\n", spent, device.number);
	assert_true(can_discard(&device));
}

/* It cannot be removed. */
static void a_spent_device_that_is_open_is_passed_over(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int image_fd = make_image();
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	char path[LOOP_DEVICE_PATH_MAX];
	unsigned spent = spend_a_device();
	loop_device_path(spent, path);
	CLEANUP_CLOSE int open_fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(open_fd >= 0);
	assert_int_equal(loop_device_attach(image_fd, true, &device, &err), 0);
	assert_int_not_equal(device.number, spent);
	assert_true(can_discard(&device));
}

static void spent_devices_are_removed_when_no_process_has_them(void **state)
{
	char path[LOOP_DEVICE_PATH_MAX];
	unsigned spent = spend_a_device();
	loop_device_path(spent, path);
	int open_fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(open_fd >= 0);
	loop_discard_remove_spent();
	assert_true(loop_discard_is_spent(spent));
	close(open_fd);
	loop_discard_remove_spent();
	assert_false(loop_discard_is_spent(spent));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_has_one_device_that_is_found_while_it_is_held),
		cmocka_unit_test(a_device_that_cannot_be_looked_at_is_an_error_and_no_absence),
		cmocka_unit_test(detaching_touches_the_device_of_this_image_only),
		cmocka_unit_test(a_spent_device_is_made_again_for_an_image_that_may_discard),
		cmocka_unit_test(a_spent_device_that_is_open_is_passed_over),
		cmocka_unit_test(spent_devices_are_removed_when_no_process_has_them),
	};
	if (!node_scene_can_mount())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
