/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/sharing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "test.h"

#define POOL "/var/lib/kentledge/pool"
#define KUBELET "/var/lib/kubelet"

/* A node, and a pod of it in which these folders are mounted. */
#define NODE "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
#define POD "20 1 0:50 / / rw - overlay overlay rw\n"
#define POD_KUBELET "21 20 8:1 /var/lib/kubelet /var/lib/kubelet rw - ext4 /dev/sda1 rw\n"
#define POD_POOL "22 20 8:1 /var/lib/kentledge /var/lib/kentledge rw - ext4 /dev/sda1 rw\n"

static const char *mounts; /* NULL: cannot be read */

static int read_mounts(struct host *host, struct mount_table **ret_table, struct error *err)
{
	if (!mounts)
		return error_set(err, ERROR_INTERNAL, "no mountinfo");
	return mount_table_parse(mounts, strlen(mounts), ret_table, err);
}

static int look_at_mount(struct host *host, const char *path, struct mount_table *table)
{
	return 1;
}

static struct host host = { .read_mounts = read_mounts, .look_at_mount = look_at_mount };

static struct pool look(const char *table, const char *kubelet_folder, unsigned reserve_percent)
{
	struct pool pool = { .site = { .name = "default", .path = POOL, .host = &host },
			     .reserve_percent = reserve_percent };
	mounts = table;
	pool_sharing_look(&pool, kubelet_folder);
	return pool;
}

static void knows_whose_the_disk_is(void **state)
{
	static const struct {
		const char *mounts;
		bool shared;
	} cases[] = {
		{ NODE, true },
		{ NODE "21 20 8:17 / /var/lib/kentledge rw - ext4 /dev/sdb1 rw\n", false },
		{ NODE "21 20 8:17 / /var rw - ext4 /dev/sdb1 rw\n", true }, /* with the kubelet */
		{ POD POD_KUBELET POD_POOL, true },
		{ POD POD_KUBELET "22 20 8:17 / /var/lib/kentledge rw - ext4 /dev/sdb1 rw\n",
		  false },
		/* A folder of a disk that is mounted at /var/lib. */
		{ POD POD_KUBELET
		  "22 20 8:17 /kentledge /var/lib/kentledge rw - ext4 /dev/sdb1 rw\n",
		  false },
		/* The kubelet's folder has a disk of its own, and the pool is on the root. */
		{ POD "21 20 8:17 / /var/lib/kubelet rw - ext4 /dev/sdb1 rw\n" POD_POOL, true },
		{ POD
		  "21 20 8:17 / /var/lib/kubelet rw - ext4 /dev/sdb1 rw\n"
		  "22 20 0:40 /@/var/lib/kentledge /var/lib/kentledge rw - btrfs /dev/sda1 rw\n",
		  true },
		{ POD "21 20 8:17 /kubelet /var/lib/kubelet rw - ext4 /dev/sdb1 rw\n"
		      "22 20 8:17 /pools /var/lib/kentledge rw - ext4 /dev/sdb1 rw\n",
		  true },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool pool = look(cases[i].mounts, KUBELET, POOL_RESERVE_AUTO);
		if (pool.shares_disk != cases[i].shared)
			fail_msg("%s", cases[i].mounts);
		assert_int_equal(pool.reserve_percent, cases[i].shared ? 20 : 5);
	}
}

static void without_the_kubelet_the_root_alone_counts(void **state)
{
	assert_true(look(NODE, NULL, POOL_RESERVE_AUTO).shares_disk);
	assert_false(
		look(NODE "21 20 8:17 / /var rw - ext4 /dev/sdb1 rw\n", NULL, POOL_RESERVE_AUTO)
			.shares_disk);
}

static void a_reserve_that_was_chosen_stays(void **state)
{
	assert_int_equal(look(NODE, KUBELET, 0).reserve_percent, 0);
	assert_int_equal(look(NODE, KUBELET, 7).reserve_percent, 7);
}

static void what_cannot_be_known_counts_as_shared(void **state)
{
	struct pool pool = look(NULL, KUBELET, POOL_RESERVE_AUTO);
	assert_true(pool.shares_disk);
	assert_int_equal(pool.reserve_percent, 20);
}

static void a_shared_disk_is_a_warning_and_an_own_one_none(void **state)
{
	char path[] = "/tmp/kentledge-log-XXXXXX";
	CLEANUP_FREE char *log = NULL;
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = mkostemp(path, O_CLOEXEC);
	log_set_fd(fd);
	log_set_level(LOG_WARNING);
	look(NODE "21 20 8:17 / /var/lib/kentledge rw - ext4 /dev/sdb1 rw\n", KUBELET, 5);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	look(NODE, KUBELET, POOL_RESERVE_AUTO);
	log_set_fd(-1);
	assert_int_equal(file_read(path, 1 << 16, &log, NULL, &err), 0);
	unlink(path);
	assert_non_null(strstr(log, "level=warning event=\"pool shares its disk with the node: "));
	assert_non_null(
		strstr(log, "pool=default path=" POOL " with=kubelet reserve_percent=20\n"));
	assert_null(strstr(strchr(log, '\n') + 1, "\n"));
}

int main(void)
{
	log_set_level(LOG_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_whose_the_disk_is),
		cmocka_unit_test(without_the_kubelet_the_root_alone_counts),
		cmocka_unit_test(a_reserve_that_was_chosen_stays),
		cmocka_unit_test(what_cannot_be_known_counts_as_shared),
		cmocka_unit_test(a_shared_disk_is_a_warning_and_an_own_one_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
