/* SPDX-License-Identifier: Apache-2.0 */
#include "host/throttle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define DEPTH_MAX 12
#define FILE_BYTES_MAX (1 << 20)

static bool exists(const char *folder, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static bool has_io(const char *folder)
{
	char path[PATH_MAX];
	CLEANUP_FREE char *text = NULL;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", folder);
	if (file_read(path, FILE_BYTES_MAX, &text, NULL, NULL) < 0)
		return false;
	char *rest = text;
	for (char *word; (word = strsep(&rest, " \n"));)
		if (strcmp(word, "io") == 0)
			return true;
	return false;
}

void throttle_init(struct throttle *throttle, const char *folder)
{
	static const char *const places[] = { "", "/unified", "/blkio", "/blkio,cpu" };
	*throttle = (struct throttle) { .kind = THROTTLE_NONE };
	pthread_mutex_init(&throttle->mutex, NULL);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !throttle->kind; i++) {
		snprintf(throttle->root, sizeof(throttle->root), "%s%s", folder, places[i]);
		if (has_io(throttle->root))
			throttle->kind = THROTTLE_V2;
		else if (exists(throttle->root, "blkio.throttle.read_bps_device"))
			throttle->kind = THROTTLE_V1;
	}
	if (!throttle->kind)
		snprintf(throttle->root, sizeof(throttle->root), "%s", folder);
}

void throttle_done(struct throttle *throttle)
{
	pthread_mutex_destroy(&throttle->mutex);
}

int throttle_check(const struct throttle *throttle, struct error *err)
{
	if (throttle->kind != THROTTLE_NONE)
		return 0;
	return error_set(err, ERROR_IN_USE,
			 "%s has neither the io controller of cgroup v2 nor blkio of v1: limits "
			 "cannot be held on this node",
			 throttle->root);
}

struct names {
	char cgroupfs[THROTTLE_POD_MAX + 8];
	char systemd[THROTTLE_POD_MAX + 16];
};

static struct names names_of(const char *pod)
{
	struct names names;
	snprintf(names.cgroupfs, sizeof(names.cgroupfs), "pod%s", pod);
	snprintf(names.systemd, sizeof(names.systemd), "-pod%s.slice", pod);
	for (char *c = names.systemd + 1; *c; c++)
		if (*c == '-')
			*c = '_';
	return names;
}

static bool is_pod(const char *name, const struct names *names)
{
	size_t length = strlen(name), tail = strlen(names->systemd);
	return strcmp(name, names->cgroupfs) == 0 ||
	       (length > tail && strcmp(name + length - tail, names->systemd) == 0);
}

static int open_folder(int at_fd, const char *name)
{
	return openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* The next folder below, opened; -1 at the end. One that is gone meanwhile is left out. */
static int next_folder(DIR *folder, const char **ret_name)
{
	for (const struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.' ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		int fd = open_folder(dirfd(folder), entry->d_name);
		if (fd < 0)
			continue;
		*ret_name = entry->d_name;
		return fd;
	}
	return -1;
}

/* The pod's cgroup below fd, which is closed; -1 if there is none. */
static int find_below(int fd, const struct names *names, int depth)
{
	CLEANUP(close_folder) DIR *folder = fdopendir(fd);
	const char *name = NULL;
	int found = -1;
	if (!folder) {
		close(fd);
		return -1;
	}
	for (int child; found < 0 && (child = next_folder(folder, &name)) >= 0;) {
		if (is_pod(name, names))
			found = child;
		else if (depth < DEPTH_MAX)
			found = find_below(child, names, depth + 1);
		else
			close(child);
	}
	return found;
}

static int find_pod(const struct throttle *throttle, const char *pod, int *ret_fd,
		    struct error *err)
{
	struct names names = names_of(pod);
	int root_fd = open_folder(AT_FDCWD, throttle->root);
	if (root_fd < 0)
		return error_errno(err, errno, "open %s", throttle->root);
	int fd = find_below(root_fd, &names, 0);
	if (fd < 0)
		return 1;
	*ret_fd = fd;
	return 0;
}

/* What the file says behind "<major>:<minor> "; "" if it does not name the device. */
static int read_rule(int cgroup_fd, const char *file, dev_t device, char *rule, size_t size,
		     struct error *err)
{
	char key[32];
	CLEANUP_FREE char *text = NULL;
	if (file_read_at(cgroup_fd, file, FILE_BYTES_MAX, &text, NULL, err) < 0)
		return -1;
	snprintf(key, sizeof(key), "%u:%u ", major(device), minor(device));
	rule[0] = '\0';
	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (strncmp(line, key, strlen(key)) == 0)
			snprintf(rule, size, "%s", line + strlen(key));
	return 0;
}

static int write_rule(int cgroup_fd, const char *file, dev_t device, const char *rule,
		      struct error *err)
{
	char line[160];
	int length = snprintf(line, sizeof(line), "%u:%u %s\n", major(device), minor(device), rule);
	CLEANUP_CLOSE int fd = openat(cgroup_fd, file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open %s", file);
	if (write(fd, line, (size_t)length) != length)
		return error_errno(err, errno, "%s: write \"%u:%u %s\"", file, major(device),
				   minor(device), rule);
	return 0;
}

/* Writes nothing where the kernel says so already. none is what it says by saying nothing. */
static int set_rule(int cgroup_fd, const char *file, dev_t device, const char *rule,
		    const char *none, struct error *err)
{
	char has[128];
	for (int tries = 0; tries < 2; tries++) {
		if (read_rule(cgroup_fd, file, device, has, sizeof(has), err) < 0)
			return -1;
		if (strcmp(has[0] ? has : none, rule) == 0)
			return 0;
		if (tries == 0 && write_rule(cgroup_fd, file, device, rule, err) < 0)
			return -1;
	}
	return error_set(err, ERROR_INTERNAL,
			 "%s: \"%s\" was written for %u:%u, but it says \"%s\"", file, rule,
			 major(device), minor(device), has);
}

static int set_v1(int cgroup_fd, dev_t device, const struct io_limits *limits, struct error *err)
{
	const struct {
		const char *file;
		uint64_t value;
	} rules[] = {
		{ "blkio.throttle.read_iops_device", limits->read_iops },
		{ "blkio.throttle.write_iops_device", limits->write_iops },
		{ "blkio.throttle.read_bps_device", limits->read_bytes },
		{ "blkio.throttle.write_bps_device", limits->write_bytes },
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		char rule[24];
		snprintf(rule, sizeof(rule), "%" PRIu64, rules[i].value);
		if (set_rule(cgroup_fd, rules[i].file, device, rule, "0", err) < 0)
			return -1;
	}
	return 0;
}

static void append_v2(struct text *rule, const char *name, uint64_t value)
{
	if (value)
		text_printf(rule, "%s=%" PRIu64, name, value);
	else
		text_printf(rule, "%s=max", name);
}

static int set_v2(int cgroup_fd, dev_t device, const struct io_limits *limits, struct error *err)
{
	CLEANUP_TEXT struct text rule = TEXT_INIT;
	append_v2(&rule, "rbps", limits->read_bytes);
	append_v2(&rule, " wbps", limits->write_bytes);
	append_v2(&rule, " riops", limits->read_iops);
	append_v2(&rule, " wiops", limits->write_iops);
	return set_rule(cgroup_fd, "io.max", device, rule.data,
			"rbps=max wbps=max riops=max wiops=max", err);
}

/* A container that ends takes its cgroup away while we write to it. */
static bool is_gone(int cgroup_fd)
{
	struct stat folder;
	return fstat(cgroup_fd, &folder) < 0 || folder.st_nlink == 0 ||
	       faccessat(cgroup_fd, "cgroup.procs", F_OK, 0) < 0;
}

static int set_v2_or_gone(int cgroup_fd, dev_t device, const struct io_limits *limits,
			  struct error *err)
{
	struct error reason = { 0 };
	if (set_v2(cgroup_fd, device, limits, &reason) == 0 || is_gone(cgroup_fd))
		return 0;
	*err = reason;
	return -1;
}

/* fd is closed. */
static int set_v1_below(int fd, dev_t device, const struct io_limits *limits, int depth,
			struct error *err)
{
	struct error reason = { 0 };
	const char *name = NULL;
	CLEANUP(close_folder) DIR *folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return error_set(err, ERROR_INTERNAL, "a cgroup cannot be read");
	}
	if (set_v1(dirfd(folder), device, limits, &reason) < 0 && !is_gone(dirfd(folder))) {
		*err = reason;
		return -1;
	}
	if (depth >= DEPTH_MAX)
		return 0;
	for (int child; (child = next_folder(folder, &name)) >= 0;)
		if (set_v1_below(child, device, limits, depth + 1, err) < 0)
			return -1;
	return 0;
}

int throttle_set(const struct throttle *throttle, const char *pod, dev_t device,
		 const struct io_limits *limits, struct error *err)
{
	int fd = -1;
	if (throttle_check(throttle, err) < 0)
		return -1;
	int outcome = find_pod(throttle, pod, &fd, err);
	if (outcome != 0)
		return outcome;
	if (throttle->kind == THROTTLE_V1) {
		outcome = set_v1_below(fd, device, limits, 0, err);
	} else {
		outcome = set_v2_or_gone(fd, device, limits, err);
		close(fd);
	}
	if (outcome < 0)
		error_prefix(err, "cgroup of pod %s", pod);
	return outcome;
}

/* …/pods/<uid>/volumes/… of a mounted volume; …/volumeDevices/publish/<volume>/<uid> of a block
 * one (Kubernetes, pkg/volume/csi). */
bool throttle_pod_of_target(const char *path, char ret_pod[static THROTTLE_POD_MAX])
{
	const char *pods = strstr(path, "/pods/");
	const char *devices = strstr(path, "/volumeDevices/publish/");
	const char *pod = pods ? pods + strlen("/pods/") : (devices ? strrchr(path, '/') + 1 : "");
	size_t length = strcspn(pod, "/");
	if (length == 0 || length >= THROTTLE_POD_MAX || strspn(pod, "0123456789abcdef-") < length)
		return false;
	memcpy(ret_pod, pod, length);
	ret_pod[length] = '\0';
	return true;
}
