/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A pod can put as many folders into its volume as its disk takes. What the plugin does with all of
 * them, one after the other, must fit into a fixed part of its memory.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "folder/folder.h"
#include "folder/tree_copy.h"
#include "folder/tree_remove.h"
#include "node_scene.h"
#include "test.h"

#define FOLDERS 200000
#define COPIED_FOLDERS 10000
#define LINKED_FILES 2000 /* with a second name each */
#define GROWTH_KIB_MAX 4096

static char folder[64];
static int folder_fd = -1, source_fd = -1;

static long memory_kib(const char *field)
{
	struct error err = { 0 };
	CLEANUP_FREE char *text = NULL;
	assert_done(file_read("/proc/self/status", 65536, &text, NULL, &err), &err);
	const char *line = strstr(text, field);
	assert_non_null(line);
	return strtol(line + strlen(field), NULL, 10);
}

/* From here on VmHWM is the most from here on (proc(5), clear_refs). */
static long begin(void)
{
	CLEANUP_CLOSE int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "5", 1), 1);
	return memory_kib("VmRSS:");
}

static void assert_small(const char *what, int folders, long begun_kib)
{
	long growth_kib = memory_kib("VmHWM:") - begun_kib;
	print_message("%s %d folders: at most %ld KiB more\n", what, folders, growth_kib);
	assert_true(growth_kib < GROWTH_KIB_MAX);
}

static void make_folders(int at_fd, int folders)
{
	char name[64];
	for (int i = 0; i < folders; i++) {
		snprintf(name, sizeof(name), "a-folder-with-a-name-of-usual-length-%d", i);
		assert_int_equal(mkdirat(at_fd, name, 0700), 0);
	}
}

static void make_links(void)
{
	char name[64], other[64];
	for (int i = 0; i < LINKED_FILES; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		snprintf(other, sizeof(other), "other-name-%d", i);
		assert_int_equal(mknodat(source_fd, name, S_IFREG | 0600, 0), 0);
		assert_int_equal(linkat(source_fd, name, source_fd, other, 0), 0);
	}
}

static void a_tree_of_any_size_is_measured_and_removed_in_little_memory(void **state)
{
	struct error err = { 0 };
	uint64_t bytes = 0;
	make_folders(source_fd, FOLDERS);
	make_links();
	long begun_kib = begin();
	assert_done(tree_copy_measure(source_fd, NULL, &bytes, &err), &err);
	assert_small("measuring", FOLDERS, begun_kib);
	begun_kib = begin();
	assert_done(tree_remove(folder_fd, "source", &err), &err);
	assert_small("removing", FOLDERS, begun_kib);
}

static void a_tree_is_copied_in_little_memory(void **state)
{
	struct error err = { 0 };
	struct tree_copy_result result = { 0 };
	CLEANUP_CLOSE int target_fd = -1, links_fd = -1;
	assert_done(folder_make(folder_fd, "target", 0700, &target_fd, &err), &err);
	assert_done(folder_make(folder_fd, "links", 0700, &links_fd, &err), &err);
	make_folders(source_fd, COPIED_FOLDERS);
	make_links();
	long begun_kib = begin();
	assert_done(tree_copy(source_fd, target_fd, links_fd, NULL, &result, &err), &err);
	assert_small("copying", COPIED_FOLDERS, begun_kib);
	assert_int_equal(result.entries, COPIED_FOLDERS + 2 * LINKED_FILES);
}

static int set_up(void **state)
{
	strcpy(folder, "/tmp/kentledge-walk-XXXXXX");
	/* On a disk, each folder that goes may cost a discard. */
	if (!mkdtemp(folder) || mount("kentledge-test", folder, "tmpfs", 0, NULL) < 0)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_make(folder_fd, "source", 0700, &source_fd, NULL);
}

static int tear_down(void **state)
{
	close(source_fd);
	close(folder_fd);
	return umount2(folder, 0) < 0 || rmdir(folder) < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_tree_of_any_size_is_measured_and_removed_in_little_memory, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_tree_is_copied_in_little_memory, set_up,
						tear_down),
	};
	if (!node_scene_can_mount())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
