/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/filesystem_grow.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "disk/filesystem.h"
#include "disk/filesystem_size.h"
#include "host/host.h"
#include "node_scene.h"
#include "pod_writer.h"
#include "test.h"

#define MIB (1ULL << 20)

static struct host *host;
static char folder[] = "/tmp/kentledge-grow-XXXXXX";
static char image_path[64], mount_path[64], written_path[80];

static int set_up(void **state)
{
	host = host_linux();
	assert_non_null(mkdtemp(folder));
	snprintf(image_path, sizeof(image_path), "%s/image", folder);
	snprintf(mount_path, sizeof(mount_path), "%s/mount", folder);
	snprintf(written_path, sizeof(written_path), "%s/written", mount_path);
	return mkdir(mount_path, 0700);
}

static int tear_down(void **state)
{
	umount2(mount_path, MNT_DETACH);
	rmdir(mount_path);
	unlink(image_path);
	return rmdir(folder);
}

/* That the image had when it was last made to last. */
static int marks_at_sync;

/* In place of the C library's. */
int fsync(int fd)
{
	marks_at_sync = (fgetxattr(fd, "trusted.kentledge.growing", NULL, 0) >= 0) +
			(fgetxattr(fd, "trusted.kentledge.superblock", NULL, 0) >= 0);
	return (int)syscall(SYS_fsync, fd);
}

static int make_image(const char *type, uint64_t bytes)
{
	struct error err = { 0 };
	int fd = open(image_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	assert_outcome(filesystem_make(type, fd, NULL, &err), 0, &err);
	return fd;
}

static void mount_image(const char *type, int image_fd)
{
	struct error err = { 0 };
	struct mount_flags flags = { 0 };
	CLEANUP(loop_device_done) struct loop_device device = { .fd = -1 };
	assert_outcome(host->attach_loop(host, image_fd, true, &device, &err), 0, &err);
	assert_outcome(host->mount(host, &device, type, &flags, mount_path, &err), 0, &err);
}

static uint64_t mounted_bytes(void)
{
	struct statvfs vfs;
	assert_int_equal(statvfs(mount_path, &vfs), 0);
	return vfs.f_blocks * vfs.f_frsize;
}

static uint64_t bytes_of(const char *type, int image_fd)
{
	struct error err = { 0 };
	struct filesystem_size size;
	assert_outcome(filesystem_size_read(type, image_fd, &size, &err), 0, &err);
	return size.bytes;
}

static void its_superblock_tells_how_large_a_file_system_is(void **state)
{
	static const char *const types[] = { "ext4", "xfs", "btrfs" };
	for (size_t i = 0; i < 3; i++) {
		CLEANUP_CLOSE int fd = make_image(types[i], 512 * MIB);
		struct error err = { 0 };
		struct filesystem_size size;
		assert_int_equal(bytes_of(types[i], fd), 512 * MIB);
		assert_int_equal(filesystem_size_read("jfs", fd, &size, &err), -1);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(filesystem_size_read(types[i], fd, &size, &err), -1);
	}
}

/* mke2fs leaves the last 4 MiB of such a disk alone: not a reason to check it at each staging. */
static void a_tail_too_small_for_a_group_is_no_reason_to_grow(void **state)
{
	struct error err = { 0 };
	struct filesystem_size size;
	CLEANUP_CLOSE int fd = make_image("ext4", 1028 * MIB);
	assert_outcome(filesystem_size_read("ext4", fd, &size, &err), 0, &err);
	assert_int_equal(filesystem_size_within(&size, 1028 * MIB), size.bytes);
	assert_int_equal(filesystem_size_within(&size, 1152 * MIB), 1152 * MIB);
	assert_int_equal(filesystem_size_within(&size, 1120 * MIB), 1120 * MIB);
	assert_outcome(filesystem_grow_image("ext4", fd, NULL, &err), 1, &err);
}

static void grows_under_a_writer(const char *type)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int image_fd = make_image(type, 320 * MIB);
	mount_image(type, image_fd);
	pid_t writer = pod_writer_start(written_path);
	uint64_t before = mounted_bytes();
	CLEANUP_CLOSE int mount_fd = open(mount_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_outcome(host->grow_mounted(host, type, mount_fd, &err), 1, &err);
	assert_int_equal(ftruncate(image_fd, 640 * MIB), 0);
	/* As if the process had died here: the device is what it was. */
	assert_outcome(host->grow_mounted(host, type, mount_fd, &err), 1, &err);
	assert_outcome(host->resize_loop(host, image_fd, &err), 0, &err);
	assert_outcome(host->grow_mounted(host, type, mount_fd, &err), 0, &err);
	assert_true(mounted_bytes() >= before + 319 * MIB);
	assert_outcome(host->grow_mounted(host, type, mount_fd, &err), 1, &err);
	pod_writer_stop(writer);
	close(TAKE_FD(mount_fd));
	assert_int_equal(umount(mount_path), 0);
	assert_int_equal(bytes_of(type, image_fd), 640 * MIB);
}

static void xfs_grows_under_a_writer(void **state)
{
	grows_under_a_writer("xfs");
}

static void btrfs_grows_under_a_writer(void **state)
{
	grows_under_a_writer("btrfs");
}

static void ext4_grows_mounted_where_we_may(void **state)
{
	if (!filesystem_grows_mounted("ext4")) {
		printf("SKIPPED: ext4 cannot grow while it is mounted: this process lacks "
		       "CAP_SYS_RESOURCE\n");
		skip();
	}
	grows_under_a_writer("ext4");
}

static void a_mounted_ext4_that_may_not_grow_says_when_it_will(void **state)
{
	struct error err = { 0 };
	if (filesystem_grows_mounted("ext4"))
		skip();
	CLEANUP_CLOSE int image_fd = make_image("ext4", 64 * MIB);
	mount_image("ext4", image_fd);
	CLEANUP_CLOSE int mount_fd = open(mount_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_outcome(host->grow_mounted(host, "ext4", mount_fd, &err), 1, &err);
	assert_int_equal(ftruncate(image_fd, 128 * MIB), 0);
	assert_outcome(host->resize_loop(host, image_fd, &err), 0, &err);
	assert_outcome(host->grow_mounted(host, "ext4", mount_fd, &err), -1, &err);
	assert_int_equal(err.code, ERROR_IN_USE);
	assert_non_null(strstr(err.text, "staged the next time"));
	/* A pod that comes while another still has it finds it staged. */
	assert_non_null(strstr(err.text, "once all pods that use it have stopped"));
	close(TAKE_FD(mount_fd));
	assert_int_equal(umount(mount_path), 0);
}

static void ext4_grows_in_its_image_and_keeps_its_files(void **state)
{
	struct error err = { 0 };
	struct stat file;
	CLEANUP_CLOSE int image_fd = make_image("ext4", 64 * MIB);
	mount_image("ext4", image_fd);
	pid_t writer = pod_writer_start(written_path);
	usleep(50000);
	pod_writer_stop(writer);
	/* Not cleanly: the journal has something to say. */
	assert_int_equal(umount2(mount_path, MNT_DETACH), 0);
	assert_int_equal(ftruncate(image_fd, 1024 * MIB), 0);
	assert_outcome(host->grow_image(host, "ext4", image_fd, NULL, &err), 0, &err);
	assert_outcome(host->grow_image(host, "ext4", image_fd, NULL, &err), 1, &err);
	assert_int_equal(bytes_of("ext4", image_fd), 1024 * MIB);
	mount_image("ext4", image_fd);
	assert_true(mounted_bytes() > 900 * MIB);
	assert_int_equal(stat(written_path, &file), 0);
	assert_true(file.st_size > 0);
	assert_int_equal(umount(mount_path), 0);
}

/* A process that died while its resize2fs ran left it running. */
static void an_image_on_which_a_program_works_is_left_to_it(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int image_fd = make_image("ext4", 64 * MIB);
	CLEANUP_CLOSE int other_fd = open(image_path, O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(image_fd, 128 * MIB), 0);
	assert_int_equal(flock(other_fd, LOCK_EX), 0);
	assert_outcome(filesystem_grow_image("ext4", image_fd, NULL, &err), -1, &err);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_int_equal(flock(other_fd, LOCK_UN), 0);
	assert_outcome(filesystem_grow_image("ext4", image_fd, NULL, &err), 0, &err);
}

static pid_t start_program(const char *program, const char *option)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	int null_fd = open("/dev/null", O_RDWR);
	dup2(null_fd, 1);
	dup2(null_fd, 2);
	execlp(program, program, option, image_path, NULL);
	_exit(127);
}

/* As an image is marked before resize2fs is started on it. */
static void mark_growing(int image_fd)
{
	char superblock[1024];
	assert_int_equal(pread(image_fd, superblock, sizeof(superblock), 1024), sizeof(superblock));
	assert_int_equal(fsetxattr(image_fd, "trusted.kentledge.superblock", superblock,
				   sizeof(superblock), 0),
			 0);
	assert_int_equal(fsetxattr(image_fd, "trusted.kentledge.growing", "", 0, 0), 0);
}

/* The places at which it is killed are spread over the few milliseconds that it takes. */
static void a_growth_that_was_killed_is_repaired_and_finished(void **state)
{
	for (unsigned i = 0; i < 24; i++) {
		struct error err = { 0 };
		int status = 0;
		CLEANUP_CLOSE int image_fd = make_image("ext4", 64 * MIB);
		assert_int_equal(ftruncate(image_fd, 4096 * MIB), 0);
		mark_growing(image_fd);
		pid_t pid = start_program("resize2fs", "-p");
		usleep(1000 + 400 * i);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_outcome(filesystem_grow_image("ext4", image_fd, NULL, &err), 0, &err);
		assert_int_equal(bytes_of("ext4", image_fd), 4096 * MIB);
		pid = start_program("e2fsck", "-fn");
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_outcome(filesystem_grow_image("ext4", image_fd, NULL, &err), 1, &err);
	}
}

static void a_damaged_file_system_is_not_grown(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int image_fd = make_image("ext4", 64 * MIB);
	static const char zeros[4 << 20];
	assert_int_equal(pwrite(image_fd, zeros, sizeof(zeros), 4096), sizeof(zeros));
	assert_int_equal(ftruncate(image_fd, 128 * MIB), 0);
	assert_outcome(filesystem_grow_image("ext4", image_fd, NULL, &err), -1, &err);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "e2fsck"));
	assert_int_equal(bytes_of("ext4", image_fd), 64 * MIB);
}

/* Its number may be that of somebody's loop device all the same. */
static void what_lies_on_no_loop_device_is_not_grown(void **state)
{
	static const char *const types[] = { "ext4", "xfs" };
	assert_int_equal(mount("tmpfs", mount_path, "tmpfs", 0, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		struct error err = { 0 };
		CLEANUP_CLOSE int mount_fd = open(mount_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(filesystem_grow_mounted(types[i], mount_fd, &err), -1);
		assert_non_null(strstr(err.text, "lies on no loop device"));
	}
	assert_int_equal(umount(mount_path), 0);
}

/* One that came back would put the superblock of a smaller file system over the one that grew. */
static void the_marks_of_a_growth_are_gone_for_good_when_it_is_done(void **state)
{
	struct error err = { 0 };
	CLEANUP_CLOSE int image_fd = make_image("ext4", 64 * MIB);
	assert_int_equal(ftruncate(image_fd, 128 * MIB), 0);
	marks_at_sync = -1;
	assert_outcome(filesystem_grow_image("ext4", image_fd, NULL, &err), 0, &err);
	assert_int_equal(marks_at_sync, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_superblock_tells_how_large_a_file_system_is),
		cmocka_unit_test(a_tail_too_small_for_a_group_is_no_reason_to_grow),
		cmocka_unit_test(xfs_grows_under_a_writer),
		cmocka_unit_test(btrfs_grows_under_a_writer),
		cmocka_unit_test(ext4_grows_mounted_where_we_may),
		cmocka_unit_test(a_mounted_ext4_that_may_not_grow_says_when_it_will),
		cmocka_unit_test(ext4_grows_in_its_image_and_keeps_its_files),
		cmocka_unit_test(an_image_on_which_a_program_works_is_left_to_it),
		cmocka_unit_test(a_growth_that_was_killed_is_repaired_and_finished),
		cmocka_unit_test(a_damaged_file_system_is_not_grown),
		cmocka_unit_test(what_lies_on_no_loop_device_is_not_grown),
		cmocka_unit_test(the_marks_of_a_growth_are_gone_for_good_when_it_is_done),
	};
	if (!node_scene_can_mount())
		return 77;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
