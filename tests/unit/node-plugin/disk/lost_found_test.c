/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/lost_found.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

/* More than a new file system's folders have. */
#define LARGE_BYTES (64 << 10)

struct root {
	char path[64];
	int fd;
};

static int set_up(void **state)
{
	static struct root root;
	snprintf(root.path, sizeof(root.path), "lost-found-XXXXXX");
	assert_non_null(mkdtemp(root.path));
	root.fd = open(root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root.fd >= 0);
	assert_int_equal(mkdirat(root.fd, "lost+found", 0700), 0);
	*state = &root;
	return 0;
}

static int tear_down(void **state)
{
	const struct root *root = *state;
	unlinkat(root->fd, "other", 0);
	unlinkat(root->fd, "lost+found", AT_REMOVEDIR);
	close(root->fd);
	return rmdir(root->path);
}

static bool is_there(const struct root *root)
{
	return faccessat(root->fd, "lost+found", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void name_of(int number, char name[static 256])
{
	snprintf(name, 256, "%0240d", number);
}

/* What a pod may do. False: the file system gives the room of an emptied folder back. */
static bool fill_and_empty(const struct root *root, const char *folder)
{
	char name[256];
	struct stat after;
	int fd = openat(root->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int i = 0; i < 500; i++) {
		name_of(i, name);
		assert_int_equal(mkdirat(fd, name, 0700), 0);
	}
	for (int i = 0; i < 500; i++) {
		name_of(i, name);
		assert_int_equal(unlinkat(fd, name, AT_REMOVEDIR), 0);
	}
	assert_int_equal(fstat(fd, &after), 0);
	close(fd);
	return after.st_size > LARGE_BYTES;
}

static void it_goes_where_the_root_holds_nothing_else(void **state)
{
	const struct root *root = *state;
	lost_found_remove(root->fd);
	assert_false(is_there(root));
}

static void it_stays_beside_another_entry(void **state)
{
	const struct root *root = *state;
	close(openat(root->fd, "other", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	lost_found_remove(root->fd);
	assert_true(is_there(root));
}

static void folders_that_were_large_are_not_looked_through(void **state)
{
	const struct root *root = *state;
	const char *const folders[] = { "lost+found", "." };
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		unlinkat(root->fd, "lost+found", AT_REMOVEDIR);
		assert_int_equal(mkdirat(root->fd, "lost+found", 0700), 0);
		if (!fill_and_empty(root, folders[i])) {
			print_message("the file system here shrinks folders\n");
			skip();
		}
		lost_found_remove(root->fd);
		assert_true(is_there(root));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(it_goes_where_the_root_holds_nothing_else),
		TEST(it_stays_beside_another_entry),
		TEST(folders_that_were_large_are_not_looked_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
