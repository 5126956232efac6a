/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/look.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/arena.h"
#include "mount/table.h"

/* Of linux/mount.h and linux/stat.h, which are newer than the headers that we build with; named
 * apart from them. */
#define LOOK_UNIQUE_ID 0x4000U /* STATX_MNT_ID_UNIQUE */
#define LOOK_SYSCALL 457       /* statmount, on all architectures but alpha */

#define LOOK_DEVICE 0x1U    /* STATMOUNT_SB_BASIC */
#define LOOK_MOUNT 0x2U	    /* STATMOUNT_MNT_BASIC */
#define LOOK_ROOT 0x8U	    /* STATMOUNT_MNT_ROOT */
#define LOOK_POINT 0x10U    /* STATMOUNT_MNT_POINT */
#define LOOK_TYPE 0x20U	    /* STATMOUNT_FS_TYPE */
#define LOOK_SUBTYPE 0x100U /* STATMOUNT_FS_SUBTYPE: of few types */
#define LOOK_SOURCE 0x200U  /* STATMOUNT_SB_SOURCE */
#define LOOK_NEEDED (LOOK_DEVICE | LOOK_MOUNT | LOOK_ROOT | LOOK_POINT | LOOK_TYPE | LOOK_SOURCE)

/* struct mnt_id_req, of its first size */
struct look_request {
	uint32_t size;
	uint32_t spare;
	uint64_t id;
	uint64_t wanted;
};

/* struct statmount; strings are places in text */
struct look_reply {
	uint32_t size;
	uint32_t unused_options;
	uint64_t given;
	uint32_t device_major;
	uint32_t device_minor;
	uint64_t unused_magic;
	uint32_t unused_flags;
	uint32_t type;
	uint64_t id;
	uint64_t parent_id;
	uint32_t short_id; /* that of mountinfo */
	uint32_t short_parent_id;
	uint64_t attributes;
	uint64_t unused_propagation[4];
	uint32_t root;
	uint32_t point;
	uint64_t unused_namespace;
	uint32_t subtype;
	uint32_t source;
	uint64_t unused[48];
	char text[2 * PATH_MAX + 1024];
};

_Static_assert(offsetof(struct look_reply, text) == 512, "as the kernel has it");

/* The path or, if it does not exist, the nearest folder above. *ret_length is how much of the path
 * that is. */
static int find_existing(const char *path, struct statx *ret_statx, size_t *ret_length)
{
	char existing[PATH_MAX];
	size_t length = strlen(path);
	if (path[0] != '/' || length >= sizeof(existing))
		return -1;
	memcpy(existing, path, length + 1);
	for (;;) {
		if (statx(AT_FDCWD, existing,
			  AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
			  LOOK_UNIQUE_ID, ret_statx) == 0)
			break;
		if (errno != ENOENT || length == 1)
			return -1;
		length = (size_t)(strrchr(existing, '/') - existing);
		length += length == 0; /* "/" itself */
		existing[length] = '\0';
	}
	*ret_length = length;
	return 0;
}

/* As mountinfo lists them, and in that order. */
static const char *format_options(uint64_t attributes, struct arena *arena)
{
	bool no_atime = (attributes & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME;
	bool relatime = (attributes & MOUNT_ATTR__ATIME) == MOUNT_ATTR_RELATIME;
	return arena_printf(
		arena, "%s%s%s%s%s%s%s%s%s", attributes & MOUNT_ATTR_RDONLY ? "ro" : "rw",
		attributes & MOUNT_ATTR_NOSUID ? ",nosuid" : "",
		attributes & MOUNT_ATTR_NODEV ? ",nodev" : "",
		attributes & MOUNT_ATTR_NOEXEC ? ",noexec" : "", no_atime ? ",noatime" : "",
		attributes & MOUNT_ATTR_NODIRATIME ? ",nodiratime" : "",
		relatime ? ",relatime" : "",
		attributes & MOUNT_ATTR_NOSYMFOLLOW ? ",nosymfollow" : "",
		attributes & MOUNT_ATTR_IDMAP ? ",idmapped" : "");
}

static void fill_mount(const struct look_reply *reply, struct arena *arena, struct mount *ret_mount)
{
	const char *type = reply->text + reply->type;
	bool has_subtype = reply->given & LOOK_SUBTYPE;
	*ret_mount = (struct mount) {
		.unique_id = reply->id,
		.id = reply->short_id,
		.parent_id = reply->short_parent_id,
		.device = makedev(reply->device_major, reply->device_minor),
		.root = arena_strdup(arena, reply->text + reply->root),
		.point = arena_strdup(arena, reply->text + reply->point),
		.options = format_options(reply->attributes, arena),
		.type = has_subtype
				? arena_printf(arena, "%s.%s", type, reply->text + reply->subtype)
				: arena_strdup(arena, type),
		.source = arena_strdup(arena, reply->text + reply->source),
		.super_options = "",
	};
}

/* What does not fit into the reply is mountinfo's, too. */
static int ask(uint64_t id, struct arena *arena, struct mount *ret_mount)
{
	struct look_request request = {
		.size = sizeof(request),
		.id = id,
		.wanted = LOOK_NEEDED | LOOK_SUBTYPE,
	};
	struct look_reply reply;
	if (syscall(LOOK_SYSCALL, &request, &reply, sizeof(reply), 0) < 0 ||
	    (reply.given & LOOK_NEEDED) != LOOK_NEEDED)
		return -1;
	fill_mount(&reply, arena, ret_mount);
	return 0;
}

/* The place is where the mount is, or below it. */
static bool fits(const struct mount *mount, const char *path, size_t length, bool is_mount_point)
{
	size_t point_length = strlen(mount->point);
	bool at = point_length == length;
	if (strncmp(mount->point, path, point_length) != 0 || at != is_mount_point)
		return false;
	return at || (point_length < length &&
		      (path[point_length] == '/' || strcmp(mount->point, "/") == 0));
}

int mount_look(const char *path, struct mount_table *table)
{
	struct statx there;
	size_t length = 0;
	if (!table->is_part)
		return 0;
	if (find_existing(path, &there, &length) < 0 || !(there.stx_mask & LOOK_UNIQUE_ID) ||
	    !(there.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
		return 1;
	bool is_mount_point = there.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	const struct mount *known = mount_table_known(table, there.stx_mnt_id);
	struct mount mount;
	if (!known && ask(there.stx_mnt_id, table->arena, &mount) < 0)
		return 1;
	if (!fits(known ? known : &mount, path, length, is_mount_point))
		return 1;
	mount_table_add(table, path, known ? known : &mount);
	return 0;
}
