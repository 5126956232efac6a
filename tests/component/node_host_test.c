/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What struct host promises, asked of the real kernel and of the fake that stands in for it: a fake
 * that behaves in another way would let tests pass that mean nothing.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "fake_host.h"
#include "host/host.h"
#include "node_scene.h"
#include "test.h"

#define MIB (1 << 20)
#define GONE_TRIES 100
#define GONE_WAIT_NS 20000000L

static struct host *host;
static char folder[64], target[96], other[96];
static int image_fd;

static void make_folder(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

static int set_up(void **state)
{
	char image[96];
	strcpy(folder, "/tmp/kentledge-host-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(image, sizeof(image), "%s/image", folder);
	snprintf(target, sizeof(target), "%s/target", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	make_folder(target);
	make_folder(other);
	image_fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(image_fd >= 0);
	assert_int_equal(ftruncate(image_fd, 32 * MIB), 0);
	return 0;
}

static bool is_mounted(const char *path)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	return host->read_mounts(host, &table, NULL) == 0 && mount_table_at(table, path);
}

/* A kernel that does not tell one mount by itself never says "unmounted". */
static void check_mounted(const char *path, bool expected)
{
	assert_int_equal(is_mounted(path), expected);
	if (expected)
		assert_false(host->is_unmounted(host, path));
}

static int tear_down(void **state)
{
	char command[128];
	while (is_mounted(other) && host->unmount(host, other, NULL) == 0)
		;
	while (is_mounted(target) && host->unmount(host, target, NULL) == 0)
		;
	close(image_fd);
	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", folder);
	return system(command);
}

static void make_filesystem(void)
{
	struct error err = { 0 };
	assert_done(host->make_filesystem(host, "ext4", image_fd, NULL, &err), &err);
}

/* Returns the device, which is held by the mount alone. */
static struct loop_device mount_image(void)
{
	struct error err = { 0 };
	struct mount_flags flags = { 0 };
	struct loop_device device = { .fd = -1 };
	assert_done(host->attach_loop(host, image_fd, true, &device, &err), &err);
	assert_done(host->mount(host, &device, "ext4", &flags, target, &err), &err);
	loop_device_done(&device);
	return device;
}

/* The kernel lets go of an image a moment after its last user. */
static int wait_without_device(void)
{
	struct error err = { 0 };
	struct loop_device device;
	int found = 1;
	for (int tries = 0; tries < GONE_TRIES && found == 1; tries++) {
		if (tries)
			nanosleep(&(struct timespec) { .tv_nsec = GONE_WAIT_NS }, NULL);
		found = host->find_loop(host, image_fd, &device, &err);
	}
	return found;
}

static int open_target(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void an_image_has_the_file_system_that_was_made_in_it(void **state)
{
	struct error err = { 0 };
	char type[FILESYSTEM_TYPE_MAX] = "?";
	assert_done(host->probe_filesystem(host, image_fd, "ext4", type, &err), &err);
	assert_string_equal(type, "");
	make_filesystem();
	assert_done(host->probe_filesystem(host, image_fd, "ext4", type, &err), &err);
	assert_string_equal(type, "ext4");
}

static void a_device_is_there_as_long_as_it_is_mounted(void **state)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	struct error err = { 0 };
	struct loop_device found;
	make_filesystem();
	assert_outcome(host->find_loop(host, image_fd, &found, &err), 0, &err);
	check_mounted(target, false);
	struct loop_device device = mount_image();
	assert_outcome(host->find_loop(host, image_fd, &found, &err), 1, &err);
	assert_int_equal(found.number, device.number);
	assert_false(found.kept);
	check_mounted(target, true);
	assert_done(host->read_mounts(host, &table, &err), &err);
	const struct mount *mount = mount_table_at(table, target);
	assert_non_null(mount);
	assert_int_equal(mount->device, device.device);
	assert_string_equal(mount->root, "/");
	assert_string_equal(mount->type, "ext4");
	assert_int_equal(mount_loop_number(mount), device.number);
	assert_done(host->unmount(host, target, &err), &err);
	check_mounted(target, false);
	assert_int_equal(wait_without_device(), 0);
}

static void a_place_alone_shows_what_the_whole_table_shows(void **state)
{
	CLEANUP(mount_table_freep) struct mount_table *part = mount_table_new_part();
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	struct error err = { 0 };
	make_filesystem();
	mount_image();
	if (host->look_at_mount(host, target, part) > 0) {
		print_message("skipped: this kernel does not tell a mount by itself (statmount)\n");
		skip();
	}
	assert_done(host->read_mounts(host, &table, &err), &err);
	const struct mount *one = mount_table_at(part, target);
	const struct mount *same = mount_table_at(table, target);
	assert_non_null(one);
	assert_non_null(same);
	assert_int_equal(one->device, same->device);
	assert_string_equal(one->root, same->root);
	assert_string_equal(one->point, same->point);
	assert_string_equal(one->type, same->type);
	assert_string_equal(one->source, same->source);
}

static void a_read_only_view_leaves_its_source_writable(void **state)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	struct error err = { 0 };
	make_filesystem();
	mount_image();
	CLEANUP_CLOSE int fd = open_target(target);
	assert_done(host->bind(host, fd, other, MOUNT_ATTR_RDONLY, &err), &err);
	assert_done(host->read_mounts(host, &table, &err), &err);
	const struct mount *source = mount_table_at(table, target);
	const struct mount *view = mount_table_at(table, other);
	assert_non_null(view);
	assert_int_equal(view->device, source->device);
	assert_true(mount_has_option(view->options, "ro"));
	assert_true(mount_has_option(source->options, "rw"));
}

static void a_view_of_a_folder_shows_where_it_lies(void **state)
{
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	struct error err = { 0 };
	dev_t device = 0;
	CLEANUP_CLOSE int fd = open_target(target);
	assert_done(host->bind(host, fd, other, 0, &err), &err);
	assert_done(host->read_mounts(host, &table, &err), &err);
	const struct mount *view = mount_table_at(table, other);
	const char *root = mount_table_root(table, target, &device);
	assert_non_null(view);
	assert_non_null(root);
	assert_string_equal(view->root, root);
	assert_int_equal(view->device, device);
}

static void the_uppermost_mount_is_unmounted_first(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = open_target(target);
	assert_done(host->bind(host, fd, other, 0, &err), &err);
	assert_done(host->bind(host, fd, other, MOUNT_ATTR_RDONLY, &err), &err);
	assert_done(host->unmount(host, other, &err), &err);
	check_mounted(other, true);
	CLEANUP(mount_table_freep) struct mount_table *table = NULL;
	assert_done(host->read_mounts(host, &table, &err), &err);
	assert_true(mount_has_option(mount_table_at(table, other)->options, "rw"));
	assert_done(host->unmount(host, other, &err), &err);
	check_mounted(other, false);
}

static void a_kept_device_stays_until_it_is_detached(void **state)
{
	struct error err = { 0 };
	struct loop_device kept = { .fd = -1 }, again = { .fd = -1 };
	struct loop_devices all = { .count = 0 };
	assert_outcome(host->keep_loop(host, image_fd, false, true, &kept, &err), 0, &err);
	loop_device_done(&kept);
	assert_outcome(host->keep_loop(host, image_fd, false, true, &again, &err), 1, &err);
	loop_device_done(&again);
	assert_int_equal(again.number, kept.number);
	assert_done(host->find_loops(host, image_fd, &all, &err), &err);
	assert_int_equal(all.count, 1);
	assert_true(all.items[0].kept);
	assert_false(all.items[0].read_only);
	assert_outcome(host->detach_loop(host, image_fd, &again, &err), 0, &err);
	assert_int_equal(wait_without_device(), 0);
	assert_outcome(host->detach_loop(host, image_fd, &again, &err), 1, &err);
}

static void readers_of_a_block_volume_have_a_device_of_their_own(void **state)
{
	struct error err = { 0 };
	struct loop_device writable = { .fd = -1 }, readable = { .fd = -1 };
	struct loop_devices all = { .count = 0 };
	assert_outcome(host->keep_loop(host, image_fd, false, true, &writable, &err), 0, &err);
	assert_outcome(host->keep_loop(host, image_fd, true, true, &readable, &err), 0, &err);
	loop_device_done(&writable);
	loop_device_done(&readable);
	assert_int_not_equal(writable.number, readable.number);
	assert_done(host->find_loops(host, image_fd, &all, &err), &err);
	assert_int_equal(all.count, 2);
	assert_true(all.items[0].read_only != all.items[1].read_only);
	assert_done(host->detach_loop(host, image_fd, &readable, &err), &err);
	assert_int_equal(wait_without_device(), 0);
}

static int grow(void)
{
	struct error err = { 0 };
	if (!host->grows_mounted(host, "ext4")) {
		int grown = host->grow_image(host, "ext4", image_fd, NULL, &err);
		assert_true(grown >= 0);
		return grown;
	}
	mount_image();
	int fd = open_target(target);
	int grown = host->grow_mounted(host, "ext4", fd, &err);
	close(fd);
	assert_done(host->unmount(host, target, &err), &err);
	assert_int_equal(wait_without_device(), 0);
	assert_true(grown >= 0);
	return grown;
}

static void a_file_system_grows_into_its_image_once(void **state)
{
	make_filesystem();
	assert_int_equal(ftruncate(image_fd, 64 * MIB), 0);
	assert_int_equal(grow(), 0);
	assert_int_equal(grow(), 1);
}

static void a_device_becomes_as_large_as_its_image(void **state)
{
	struct error err = { 0 };
	assert_outcome(host->resize_loop(host, image_fd, &err), 1, &err);
	make_filesystem();
	mount_image();
	assert_int_equal(ftruncate(image_fd, 64 * MIB), 0);
	assert_outcome(host->resize_loop(host, image_fd, &err), 0, &err);
}

static void what_is_frozen_is_not_frozen_again(void **state)
{
	struct error err = { 0 };
	make_filesystem();
	mount_image();
	CLEANUP_CLOSE int fd = open_target(target);
	assert_outcome(host->thaw(host, fd, &err), 1, &err);
	assert_outcome(host->freeze(host, fd, &err), 0, &err);
	int again = host->freeze(host, fd, &err);
	struct error reason = { 0 };
	int thawed = host->thaw(host, fd, &reason); /* whatever comes, or the kernel stays frozen */
	assert_int_equal(again, -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_outcome(thawed, 0, &reason);
	assert_outcome(host->thaw(host, fd, &reason), 1, &reason);
}

static void a_folder_is_held_to_a_size_until_it_is_forgotten(void **state)
{
	struct error err = { 0 };
	enum quota_kind kind = QUOTA_NONE;
	struct quota quota, found;
	struct quota_usage usage;
	CLEANUP_CLOSE int fd = open_target(target);
	if (host->probe_quota(host, fd, &kind, &err) < 0 || kind != QUOTA_PROJECT) {
		print_message("skipped: /tmp has no project quota: %s\n", err.text);
		skip();
	}
	assert_done(host->begin_quota(host, fd, kind, 8 * MIB, &quota, &err), &err);
	assert_done(host->find_quota(host, fd, &found, &err), &err);
	assert_int_equal(found.project_id, quota.project_id);
	assert_done(host->read_quota(host, fd, &quota, &usage, &err), &err);
	assert_int_equal(usage.limit_bytes, 8 * MIB);
	assert_done(host->limit_quota(host, fd, &quota, 16 * MIB, &err), &err);
	assert_done(host->read_quota(host, fd, &quota, &usage, &err), &err);
	assert_int_equal(usage.limit_bytes, 16 * MIB);
	assert_done(host->forget_quota(host, fd, &quota, &err), &err);
	assert_done(host->read_quota(host, fd, &quota, &usage, &err), &err);
	assert_int_equal(usage.limit_bytes, 0);
}

static void the_figures_of_a_file_system_fit_together(void **state)
{
	struct error err = { 0 };
	struct host_usage usage = { 0 };
	CLEANUP_CLOSE int fd = open_target(target);
	assert_done(host->usage(host, fd, &usage, &err), &err);
	assert_true(usage.total_bytes > 0);
	assert_true(usage.available_bytes <= usage.total_bytes);
	assert_true(usage.used_bytes <= usage.total_bytes);
	assert_true(usage.available_inodes <= usage.total_inodes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int ask(const char *name, struct host *asked)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_has_the_file_system_that_was_made_in_it),
		TEST(a_device_is_there_as_long_as_it_is_mounted),
		TEST(a_place_alone_shows_what_the_whole_table_shows),
		TEST(a_read_only_view_leaves_its_source_writable),
		TEST(a_view_of_a_folder_shows_where_it_lies),
		TEST(the_uppermost_mount_is_unmounted_first),
		TEST(a_kept_device_stays_until_it_is_detached),
		TEST(readers_of_a_block_volume_have_a_device_of_their_own),
		TEST(a_file_system_grows_into_its_image_once),
		TEST(a_device_becomes_as_large_as_its_image),
		TEST(what_is_frozen_is_not_frozen_again),
		TEST(a_folder_is_held_to_a_size_until_it_is_forgotten),
		TEST(the_figures_of_a_file_system_fit_together),
	};
	host = asked;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	CLEANUP(fake_host_freep) struct fake_host *fake = fake_host_new();
	fake->can_quota = true;
	int failed = ask("the fake host", &fake->host);
	if (!node_scene_can_mount())
		return failed ? failed : 77;
	return failed + ask("the real host", host_linux());
}
