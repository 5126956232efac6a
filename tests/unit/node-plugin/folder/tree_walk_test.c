/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/tree_walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "folder/folder.h"
#include "folder/tree_remove.h"
#include "test.h"

#define FOLDERS 2000
#define INSIDE 3 /* folders in each */

static char folder[64];
static int folder_fd = -1, top_fd = -1;

static int set_up(void **state)
{
	strcpy(folder, "/tmp/kentledge-walk-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_make(folder_fd, "top", 0700, &top_fd, NULL);
}

static int tear_down(void **state)
{
	struct error err = { 0 };
	close(top_fd);
	if (tree_remove(folder_fd, "top", &err) < 0)
		fprintf(stderr, "%s\n", err.text);
	close(folder_fd);
	return rmdir(folder);
}

static void make_file(int at_fd, const char *name)
{
	CLEANUP_CLOSE int fd = openat(at_fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
}

struct seen {
	unsigned entries;
	unsigned entered;
	unsigned left;
};

static int see_entry(void *context, int fd, const char *name, const struct stat *st,
		     struct error *err)
{
	((struct seen *)context)->entries++;
	return 0;
}

static int see_enter(void *context, int fd, const char *name, struct error *err)
{
	((struct seen *)context)->entered++;
	return 0;
}

static int see_leave(void *context, int fd, struct error *err)
{
	((struct seen *)context)->left++;
	return 0;
}

static void make_wide(void)
{
	struct error err = { 0 };
	for (int i = 0; i < FOLDERS; i++) {
		char name[32];
		CLEANUP_CLOSE int fd = -1;
		snprintf(name, sizeof(name), "%s-%d", i % 2 ? "a-longer-name" : "n", i);
		assert_done(folder_make(top_fd, name, 0700, &fd, &err), &err);
		make_file(fd, "file");
		for (int j = 0; j < INSIDE; j++) {
			snprintf(name, sizeof(name), "inside-%d", j);
			assert_int_equal(mkdirat(fd, name, 0700), 0);
		}
		snprintf(name, sizeof(name), "file-%d", i);
		make_file(top_fd, name);
	}
}

/* However little of the names it may keep at a time. */
static void sees_each_entry_once_within_any_bound(void **state)
{
	static const size_t bounds[] = { 1, 256, 1000, 10000, 0 };
	make_wide();
	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		struct error err = { 0 };
		struct seen seen = { 0 };
		const struct tree_visitor visitor = {
			.entry = see_entry,
			.enter = see_enter,
			.leave = see_leave,
			.names_bytes_max = bounds[i],
		};
		assert_done(tree_walk(top_fd, &visitor, &seen, &err), &err);
		assert_int_equal(seen.entries, 2 * FOLDERS);
		assert_int_equal(seen.entered, FOLDERS * (1 + INSIDE));
		assert_int_equal(seen.left, seen.entered);
	}
}

static void make_deep(int depth)
{
	int fd = dup(top_fd);
	for (int i = 0; i < depth; i++) {
		struct error err = { 0 };
		int next = -1;
		assert_done(folder_make(fd, "deeper", 0700, &next, &err), &err);
		close(fd);
		fd = next;
	}
	close(fd);
}

static void ends_at_the_bound_of_depth_and_says_so(void **state)
{
	struct error err = { 0 };
	struct seen seen = { 0 };
	struct tree_visitor visitor = { .entry = see_entry, .depth_max = 19 };
	make_deep(20);
	assert_refused(tree_walk(top_fd, &visitor, &seen, &err), ERROR_IN_USE, &err,
		       "more than 19 deep");
	visitor.depth_max = 20;
	assert_done(tree_walk(top_fd, &visitor, &seen, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sees_each_entry_once_within_any_bound, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(ends_at_the_bound_of_depth_and_says_so, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
