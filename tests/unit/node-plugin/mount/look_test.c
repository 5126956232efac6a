/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/look.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/host.h"
#include "loop_disk.h"
#include "mount/table.h"
#include "node_scene.h"
#include "refused_call.h"
#include "test.h"

#define SKIPPED 77

static char folder[64];

static const char *in_folder(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 8];
	snprintf(path, PATH_MAX, "%s/%s", folder, name);
	return path;
}

static const char *make_folder(const char *name)
{
	const char *path = in_folder(name);
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	return path;
}

static const char *make_tmpfs(const char *name, unsigned long flags)
{
	const char *path = make_folder(name);
	assert_int_equal(mount("some source", path, "tmpfs", flags, "size=1m"), 0);
	return path;
}

static void bind(const char *from, const char *to)
{
	assert_int_equal(mount(from, to, NULL, MS_BIND, NULL), 0);
}

static struct mount_table *read_whole(void)
{
	struct mount_table *table = NULL;
	struct error err = { 0 };
	assert_int_equal(host_linux()->read_mounts(host_linux(), &table, &err), 0);
	return table;
}

static void assert_same(const struct mount *mount, const struct mount *expected)
{
	assert_int_equal(mount->id, expected->id);
	assert_int_equal(mount->parent_id, expected->parent_id);
	assert_true(mount->device == expected->device);
	assert_string_equal(mount->root, expected->root);
	assert_string_equal(mount->point, expected->point);
	assert_string_equal(mount->options, expected->options);
	assert_string_equal(mount->type, expected->type);
	assert_string_equal(mount->source, expected->source);
}

/* Both ways of asking have one answer. */
static void assert_told_alike(const char *path)
{
	CLEANUP(mount_table_freep) struct mount_table *whole = read_whole();
	CLEANUP(mount_table_freep) struct mount_table *part = mount_table_new_part();
	dev_t device = 0, expected_device = 0;
	assert_int_equal(mount_look(path, part), 0);
	const struct mount *covering = mount_table_covering(part, path);
	assert_non_null(covering);
	assert_same(covering, mount_table_covering(whole, path));
	assert_int_equal(!mount_table_at(part, path), !mount_table_at(whole, path));
	assert_string_equal(mount_table_root(part, path, &device),
			    mount_table_root(whole, path, &expected_device));
	assert_true(device == expected_device);
}

static unsigned id_at(const char *path)
{
	CLEANUP(mount_table_freep) struct mount_table *part = mount_table_new_part();
	assert_int_equal(mount_look(path, part), 0);
	const struct mount *top = mount_table_at(part, path);
	return top ? top->id : 0;
}

static void a_mount_is_shown_as_in_mountinfo(void **state)
{
	assert_told_alike("/");
	assert_told_alike("/dev");
	assert_told_alike("/proc/self");
	assert_told_alike(make_tmpfs("plain", 0));
	assert_told_alike(make_tmpfs("strict", MS_STRICTATIME));
	assert_told_alike(make_tmpfs("all", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC |
						    MS_NOATIME | MS_NODIRATIME | MS_NOSYMFOLLOW));
}

static void a_place_that_is_no_mount_is_shown_by_the_mount_it_lies_in(void **state)
{
	make_tmpfs("around", 0);
	make_folder("around/a");
	assert_told_alike(make_folder("around/a/b"));
	assert_told_alike(in_folder("around/a/missing"));
	assert_told_alike(in_folder("around/missing/too/deep"));
	assert_told_alike("/missing");
	assert_int_equal(id_at(in_folder("around/a/b")), 0);
	assert_int_equal(id_at(in_folder("around/missing")), 0);
}

static void the_uppermost_of_several_mounts_counts(void **state)
{
	const char *place = make_tmpfs("stack", 0);
	unsigned lowest = id_at(place);
	make_tmpfs("stack", MS_NOEXEC);
	assert_told_alike(place);
	assert_int_not_equal(id_at(place), lowest);
	/* hidden with all that is mounted below it */
	make_tmpfs("above", 0);
	make_tmpfs("above/below", 0);
	make_tmpfs("above", MS_NODEV);
	assert_told_alike(in_folder("above"));
	assert_told_alike(make_folder("above/below"));
	assert_int_equal(id_at(in_folder("above/below")), 0);
}

static void a_bind_mount_shows_the_folder_or_file_that_it_is_of(void **state)
{
	make_tmpfs("from", 0);
	make_folder("from/volumes");
	const char *data = make_folder("from/volumes/data");
	const char *there = make_folder("there");
	bind(data, there);
	assert_told_alike(there);
	assert_told_alike(make_folder("there/inside"));
	assert_int_equal(mknod(in_folder("node"), S_IFREG | 0600, 0), 0);
	bind("/dev/null", in_folder("node"));
	assert_told_alike(in_folder("node"));
	/* whose folder is gone */
	make_folder("from/gone");
	bind(in_folder("from/gone"), make_folder("ghost"));
	assert_int_equal(rmdir(in_folder("from/gone")), 0);
	assert_told_alike(in_folder("ghost"));
}

static void names_need_no_escapes(void **state)
{
	make_folder("odd");
	make_tmpfs("odd/a b\tc\nd\\040e", 0);
	make_folder("odd/a b\tc\nd\\040e/f g\\");
	bind(in_folder("odd/a b\tc\nd\\040e/f g\\"), make_folder("odd/h\\i j"));
	assert_told_alike(in_folder("odd/a b\tc\nd\\040e"));
	assert_told_alike(in_folder("odd/h\\i j"));
}

static void a_mount_that_is_shared_or_the_copy_of_one_is_shown(void **state)
{
	const char *shared = make_tmpfs("shared", 0);
	assert_int_equal(mount(NULL, shared, NULL, MS_SHARED, NULL), 0);
	make_folder("shared/staging");
	bind(shared, make_folder("slave"));
	assert_int_equal(mount(NULL, in_folder("slave"), NULL, MS_SLAVE, NULL), 0);
	make_tmpfs("shared/staging", MS_NOEXEC);
	assert_told_alike(in_folder("shared/staging"));
	assert_told_alike(in_folder("slave/staging"));
	assert_int_not_equal(id_at(in_folder("shared/staging")), id_at(in_folder("slave/staging")));
}

/* btrfs with a device number of its own. */
static void a_file_system_on_a_loop_device_is_shown(void **state)
{
	static const char *const types[] = { "ext4", "xfs", "btrfs" };
	static const char *const options[] = { "-b 4096", "-s size=4096", "" };
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct loop_disk disk;
		char inside[128];
		if (!loop_disk_make(&disk, types[i], options[i], 300 << 20, NULL))
			continue;
		snprintf(inside, sizeof(inside), "%s/missing", disk.path);
		assert_told_alike(disk.path);
		assert_told_alike(inside);
		loop_disk_remove(&disk);
	}
}

static void a_mount_in_several_places_is_asked_for_once(void **state)
{
	CLEANUP(mount_table_freep) struct mount_table *part = mount_table_new_part();
	const char *place = make_tmpfs("once", 0);
	const char *inside = make_folder("once/inside");
	assert_int_equal(mount_look(place, part), 0);
	assert_int_equal(mount_look(inside, part), 0);
	uint64_t unique_id = mount_table_at(part, place)->unique_id;
	assert_true(unique_id != 0);
	assert_int_equal(mount_table_covering(part, inside)->unique_id, unique_id);
	assert_null(mount_table_at(part, inside));
}

static int look_without(int errno_value, const char *path)
{
	pid_t pid = fork();
	if (pid == 0) {
		refuse_call(STATMOUNT_NUMBER, errno_value);
		CLEANUP(mount_table_freep) struct mount_table *part = mount_table_new_part();
		_exit(mount_look(path, part));
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_kernel_or_container_without_it_is_noticed(void **state)
{
	const char *place = make_tmpfs("without", 0);
	assert_int_equal(look_without(ENOSYS, place), 1);
	assert_int_equal(look_without(EPERM, place), 1);
	assert_int_equal(look_without(0, place), 1); /* it succeeds and says nothing */
}

static void a_whole_table_is_left_as_it_is(void **state)
{
	CLEANUP(mount_table_freep) struct mount_table *whole = read_whole();
	size_t count = whole->count;
	assert_int_equal(mount_look("/", whole), 0);
	assert_int_equal(whole->count, count);
	assert_null(whole->places);
}

static bool kernel_has_it(void)
{
	CLEANUP(mount_table_freep) struct mount_table *part = mount_table_new_part();
	return mount_look("/", part) == 0;
}

static int begin(void **state)
{
	strcpy(folder, "/tmp/kentledge-look-XXXXXX");
	return mkdtemp(folder) && mount("scene", folder, "tmpfs", 0, NULL) == 0 ? 0 : -1;
}

/* The namespace ends with the program. */
static int end(void **state)
{
	umount2(folder, MNT_DETACH);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mount_is_shown_as_in_mountinfo),
		cmocka_unit_test(a_place_that_is_no_mount_is_shown_by_the_mount_it_lies_in),
		cmocka_unit_test(the_uppermost_of_several_mounts_counts),
		cmocka_unit_test(a_bind_mount_shows_the_folder_or_file_that_it_is_of),
		cmocka_unit_test(names_need_no_escapes),
		cmocka_unit_test(a_mount_that_is_shared_or_the_copy_of_one_is_shown),
		cmocka_unit_test(a_file_system_on_a_loop_device_is_shown),
		cmocka_unit_test(a_mount_in_several_places_is_asked_for_once),
		cmocka_unit_test(a_kernel_or_container_without_it_is_noticed),
		cmocka_unit_test(a_whole_table_is_left_as_it_is),
	};
	if (!node_scene_can_mount())
		return SKIPPED;
	if (!kernel_has_it()) {
		printf("SKIPPED: this kernel has no statmount(2) with sources (Linux 6.13)\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, begin, end);
}
