/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/fscrypt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk/loop_device.h"
#include "folder/folder.h"
#include "mount/kernel_mount.h"
#include "node_scene.h"
#include "test.h"
#include "text_file.h"

#define RIGHT "Zm9yIHRoZSB0ZXN0IG9ubHk6IHJpZ2h0IGtleQ=="
#define WRONG "Zm9yIHRoZSB0ZXN0IG9ubHk6IHdyb25nIGtleQ=="

static char folder[] = "/tmp/kentledge-fscrypt-XXXXXX";
static char image[64], point[64];

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static int make_image(void **state)
{
	char command[256];
	snprintf(command, sizeof(command),
		 "rm -f %s && truncate -s 32M %s && mkfs.ext4 -q -F -b 4096 -O encrypt %s", image,
		 image, image);
	run(command);
	return 0;
}

/* Nowhere mounted: gone with the descriptor. */
static int mount_image(bool read_only)
{
	struct error err = { 0 };
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	struct mount_flags flags = { .read_only = read_only };
	CLEANUP_CLOSE int image_fd = open(image, O_RDWR | O_CLOEXEC);
	int mount_fd = -1;
	if (read_only)
		flags.attributes = MOUNT_ATTR_RDONLY;
	if (image_fd < 0 || loop_device_attach(image_fd, true, &device, &err) < 0 ||
	    kernel_mount_nowhere(device.number, "ext4", &flags, &mount_fd, &err) < 0)
		fail_msg("%s", err.text);
	return mount_fd;
}

static int open_with(int mount_fd, const char *key, int *ret_folder_fd, struct error *err)
{
	CLEANUP_SECRET struct secret secret = { 0 };
	CLEANUP_CLOSE int root_fd = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (key)
		assert_int_equal(secret_copy(&secret, key, strlen(key), err), 0);
	return fscrypt_open(root_fd, &secret, ret_folder_fd, err);
}

/* The key of the folder's policy is in the kernel. */
static bool is_open(int folder_fd)
{
	struct fscrypt_get_policy_ex_arg policy = { .policy_size = sizeof(policy.policy) };
	struct fscrypt_get_key_status_arg key = { .key_spec.type =
							  FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER };
	assert_int_equal(ioctl(folder_fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &policy), 0);
	memcpy(key.key_spec.u.identifier, policy.policy.v2.master_key_identifier,
	       FSCRYPT_KEY_IDENTIFIER_SIZE);
	assert_int_equal(ioctl(folder_fd, FS_IOC_GET_ENCRYPTION_KEY_STATUS, &key), 0);
	return key.status == FSCRYPT_KEY_STATUS_PRESENT;
}

static void what_was_written_is_read_with_the_same_key(void **state)
{
	struct error err = { 0 };
	for (int time = 0; time < 3; time++) {
		CLEANUP_CLOSE int mount_fd = mount_image(false);
		CLEANUP_CLOSE int folder_fd = -1;
		if (open_with(mount_fd, RIGHT, &folder_fd, &err) < 0)
			fail_msg("%s", err.text);
		if (time == 0)
			text_file_write(folder_fd, "file", "for nobody else");
		text_file_check(folder_fd, "file", "for nobody else");
	}
}

static void another_key_is_refused_and_not_left_in_the_kernel(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int folder_fd = -1;
	int first_fd = mount_image(false);
	assert_int_equal(open_with(first_fd, RIGHT, &folder_fd, &err), 0);
	text_file_write(folder_fd, "file", "for nobody else");
	close(TAKE_FD(folder_fd));
	close(first_fd);

	CLEANUP_CLOSE int mount_fd = mount_image(false);
	assert_int_equal(open_with(mount_fd, WRONG, &folder_fd, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "secrets: encryptionKey"));
	assert_null(strstr(err.text, WRONG));
	folder_fd = openat(mount_fd, FSCRYPT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_false(is_open(folder_fd));
	close(folder_fd);
	assert_int_equal(open_with(mount_fd, RIGHT, &folder_fd, &err), 0);
	text_file_check(folder_fd, "file", "for nobody else");
}

static void a_missing_or_short_secret_is_refused_by_name(void **state)
{
	struct error err = { 0 };
	int folder_fd = -1;
	CLEANUP_CLOSE int mount_fd = mount_image(false);
	assert_int_equal(open_with(mount_fd, NULL, &folder_fd, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "encryptionKey is missing"));
	assert_int_equal(open_with(mount_fd, "short", &folder_fd, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "encryptionKey has 5 bytes"));
	assert_int_equal(faccessat(mount_fd, FSCRYPT_FOLDER, F_OK, 0), -1);
}

static void a_locked_folder_gives_no_file_to_anybody(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int mount_fd = mount_image(false);
	CLEANUP_CLOSE int folder_fd = -1;
	assert_int_equal(open_with(mount_fd, RIGHT, &folder_fd, &err), 0);
	text_file_write(folder_fd, "file", "for nobody else");
	assert_true(is_open(folder_fd));
	if (fscrypt_lock(folder_fd, &err) < 0)
		fail_msg("%s", err.text);
	assert_false(is_open(folder_fd));
	assert_int_equal(openat(folder_fd, "file", O_RDONLY), -1);
	assert_int_equal(errno, ENOKEY);
	assert_int_equal(openat(folder_fd, "new", O_WRONLY | O_CREAT, 0600), -1);
	assert_int_equal(errno, ENOKEY);
	assert_true(fscrypt_lock(folder_fd, &err) >= 0); /* again */
}

struct names {
	unsigned count;
	bool readable;
};

static int look_at_name(void *context, const char *name, struct error *err)
{
	struct names *names = context;
	names->count++;
	names->readable |= strstr(name, "telling") != NULL;
	return 0;
}

static void names_cannot_be_read_without_the_key(void **state)
{
	struct error err = { 0 };
	struct names names = { 0 };
	CLEANUP_CLOSE int folder_fd = -1;
	int first_fd = mount_image(false);
	assert_int_equal(open_with(first_fd, RIGHT, &folder_fd, &err), 0);
	text_file_write(folder_fd, "a-telling-name", "for nobody else");
	assert_int_equal(folder_visit(folder_fd, look_at_name, &names, &err), 0);
	assert_true(names.count == 1 && names.readable);
	close(TAKE_FD(folder_fd));
	close(first_fd);

	CLEANUP_CLOSE int mount_fd = mount_image(false);
	folder_fd = openat(mount_fd, FSCRYPT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	names = (struct names) { 0 };
	assert_int_equal(folder_visit(folder_fd, look_at_name, &names, &err), 0);
	assert_true(names.count == 1 && !names.readable);
}

/* As left by a crash between making the folder and its policy. */
static void an_empty_folder_without_a_policy_gets_one(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int mount_fd = mount_image(false);
	CLEANUP_CLOSE int folder_fd = -1;
	assert_int_equal(mkdirat(mount_fd, FSCRYPT_FOLDER, 0755), 0);
	assert_int_equal(open_with(mount_fd, RIGHT, &folder_fd, &err), 0);
	assert_true(is_open(folder_fd));
}

static void files_without_encryption_are_never_served(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int mount_fd = mount_image(false);
	CLEANUP_CLOSE int folder_fd = -1;
	assert_int_equal(mkdirat(mount_fd, FSCRYPT_FOLDER, 0755), 0);
	folder_fd = openat(mount_fd, FSCRYPT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	text_file_write(folder_fd, "file", "for all to see");
	close(TAKE_FD(folder_fd));
	assert_int_equal(open_with(mount_fd, RIGHT, &folder_fd, &err), -1);
	assert_non_null(strstr(err.text, "not encrypted"));
	assert_int_equal(unlinkat(mount_fd, FSCRYPT_FOLDER "/file", 0), 0);
	assert_int_equal(unlinkat(mount_fd, FSCRYPT_FOLDER, AT_REMOVEDIR), 0);
	text_file_write(mount_fd, "file", "for all to see");
	assert_int_equal(open_with(mount_fd, RIGHT, &folder_fd, &err), -1);
	assert_non_null(strstr(err.text, "\"file\" lies in its image unencrypted"));
}

static void a_volume_that_was_never_written_cannot_be_read_only(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int folder_fd = -1;
	int first_fd = mount_image(true);
	assert_int_equal(open_with(first_fd, RIGHT, &folder_fd, &err), -1);
	assert_non_null(strstr(err.text, "never staged"));
	close(first_fd);
	int writable_fd = mount_image(false);
	assert_int_equal(open_with(writable_fd, RIGHT, &folder_fd, &err), 0);
	close(TAKE_FD(folder_fd));
	close(writable_fd);
	CLEANUP_CLOSE int mount_fd = mount_image(true);
	assert_int_equal(open_with(mount_fd, RIGHT, &folder_fd, &err), 0);
}

static void a_file_system_without_encryption_says_so(void **state)
{
	char command[256];
	struct error err = { 0 };
	int folder_fd = -1;
	snprintf(command, sizeof(command), "mkfs.ext4 -q -F -b 4096 %s", image);
	run(command);
	CLEANUP_CLOSE int mount_fd = mount_image(false);
	assert_int_equal(open_with(mount_fd, RIGHT, &folder_fd, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "made without it"));
}

/* Both ways of kernels: the part alone is to be seen, and nothing is left at the target. */
static void only_the_folder_is_mounted(void **state)
{
	int (*const ways[])(int, const char *, const char *, struct error *) = {
		kernel_mount_part,
		kernel_mount_part_at_target,
	};
	struct error err = { 0 };
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_CLOSE int mount_fd = mount_image(false);
		CLEANUP_CLOSE int folder_fd = -1;
		assert_int_equal(open_with(mount_fd, RIGHT, &folder_fd, &err), 0);
		if (i == 0)
			text_file_write(folder_fd, "file", "for nobody else");
		if (ways[i](mount_fd, FSCRYPT_FOLDER, point, &err) < 0)
			fail_msg("%s", err.text);
		int point_fd = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		text_file_check(point_fd, "file", "for nobody else");
		assert_int_equal(faccessat(point_fd, "lost+found", F_OK, 0), -1);
		close(point_fd);
		assert_int_equal(umount2(point, UMOUNT_NOFOLLOW), 0);
		assert_int_equal(umount2(point, UMOUNT_NOFOLLOW), -1);
		assert_int_equal(errno, EINVAL);
	}
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
	if (access("/sys/fs/ext4/features/encryption", F_OK) < 0) {
		printf("SKIPPED: this kernel does not encrypt ext4 (CONFIG_FS_ENCRYPTION)\n");
		return 77;
	}
	if (!mkdtemp(folder))
		return 1;
	snprintf(image, sizeof(image), "%s/image", folder);
	snprintf(point, sizeof(point), "%s/point", folder);
	mkdir(point, 0700);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_written_is_read_with_the_same_key, make_image),
		cmocka_unit_test_setup(another_key_is_refused_and_not_left_in_the_kernel,
				       make_image),
		cmocka_unit_test_setup(a_missing_or_short_secret_is_refused_by_name, make_image),
		cmocka_unit_test_setup(a_locked_folder_gives_no_file_to_anybody, make_image),
		cmocka_unit_test_setup(names_cannot_be_read_without_the_key, make_image),
		cmocka_unit_test_setup(an_empty_folder_without_a_policy_gets_one, make_image),
		cmocka_unit_test_setup(files_without_encryption_are_never_served, make_image),
		cmocka_unit_test_setup(a_volume_that_was_never_written_cannot_be_read_only,
				       make_image),
		cmocka_unit_test_setup(a_file_system_without_encryption_says_so, make_image),
		cmocka_unit_test_setup(only_the_folder_is_mounted, make_image),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(image);
	rmdir(point);
	rmdir(folder);
	return failed;
}
