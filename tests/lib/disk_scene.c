/* SPDX-License-Identifier: Apache-2.0 */
#include "disk_scene.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host.h"

static void give_up(const char *what)
{
	perror(what);
	abort();
}

static bool skip(const char *fs_type, const char *why)
{
	printf("SKIPPED: no %s here: %s\n", fs_type, why);
	return false;
}

static bool has_maker(const char *fs_type)
{
	char command[96];
	snprintf(command, sizeof(command), "command -v mkfs.%s >/dev/null", fs_type);
	return system(command) == 0;
}

static void make_image(const struct disk_scene *scene, const char *fs_type, uint64_t size_bytes,
		       int *ret_fd)
{
	char path[128], command[256];
	snprintf(path, sizeof(path), "%s/disk", scene->folder);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size_bytes) < 0)
		give_up(path);
	snprintf(command, sizeof(command), "mkfs.%s -q %s %s >/dev/null", fs_type,
		 strcmp(fs_type, "xfs") == 0 ? "-s size=4096" : "", path);
	if (system(command) != 0)
		give_up(command);
	*ret_fd = fd;
}

static bool mount_image(struct disk_scene *scene, const char *fs_type, int image_fd)
{
	struct host *host = host_linux();
	struct loop_device device CLEANUP(loop_device_done) = { .fd = -1 };
	struct mount_flags flags = { 0 };
	struct error err = { 0 };
	if (host->attach_loop(host, image_fd, true, &device, &err) < 0 ||
	    host->mount(host, &device, fs_type, &flags, scene->mount, &err) < 0)
		return skip(fs_type, err.text);
	return true;
}

bool disk_scene_init(struct disk_scene *scene, const char *fs_type, uint64_t size_bytes)
{
	*scene = (struct disk_scene) { .folder = "/tmp/kentledge-disk-XXXXXX" };
	if (!has_maker(fs_type))
		return skip(fs_type, "no program to make it");
	if (!mkdtemp(scene->folder))
		give_up("mkdtemp");
	snprintf(scene->mount, sizeof(scene->mount), "%s/mount", scene->folder);
	if (mkdir(scene->mount, 0700) < 0)
		give_up("mkdir");
	int fd CLEANUP_CLOSE = -1;
	make_image(scene, fs_type, size_bytes, &fd);
	scene->mounted = mount_image(scene, fs_type, fd);
	if (!scene->mounted)
		disk_scene_done(scene);
	return scene->mounted;
}

void disk_scene_done(struct disk_scene *scene)
{
	char command[128];
	if (scene->mounted && umount2(scene->mount, 0) < 0)
		give_up("unmount the disk");
	snprintf(command, sizeof(command), "rm -rf --one-file-system %s", scene->folder);
	if (system(command) != 0)
		give_up("remove the disk");
}
