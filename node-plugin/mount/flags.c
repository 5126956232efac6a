/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/flags.h"

#include <string.h>
#include <sys/mount.h>

#include "mount/table.h"

static const struct {
	const char *name;
	uint64_t set;
	uint64_t clear;
} attributes[] = {
	{ "defaults", 0, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
};

static bool read_attribute(const char *flag, struct mount_flags *flags)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		if (strcmp(flag, attributes[i].name) != 0)
			continue;
		flags->attributes = (flags->attributes & ~attributes[i].clear) | attributes[i].set;
		return true;
	}
	return false;
}

uint64_t mount_flags_of_options(const char *options)
{
	uint64_t found = 0;
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (mount_has_option(options, attributes[i].name))
			found |= attributes[i].set;
	return found;
}

uint64_t mount_flags_beside(uint64_t base, uint64_t more)
{
	uint64_t atime = more & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0;
	return ((base & ~atime) | more) & ~(uint64_t)MOUNT_ATTR_STRICTATIME;
}

static int check_flag(const char *flag, struct error *err)
{
	if (!flag[0])
		return error_set(err, ERROR_INVALID, "mount_flags: an empty flag");
	for (const char *c = flag; *c; c++)
		if ((unsigned char)*c <= 0x20 || *c == 0x7f || *c == ',')
			return error_set(err, ERROR_INVALID,
					 "mount_flags: \"%s\" is not one flag (spaces, commas and "
					 "control characters are not allowed in one)",
					 flag);
	return 0;
}

int mount_flags_parse(char *const *texts, size_t count, struct mount_flags *ret_flags,
		      struct error *err)
{
	struct mount_flags flags = { 0 };
	if (count > MOUNT_FLAGS_MAX)
		return error_set(err, ERROR_INVALID, "mount_flags: more than %d", MOUNT_FLAGS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (check_flag(texts[i], err) < 0)
			return -1;
		if (!read_attribute(texts[i], &flags))
			flags.options[flags.option_count++] = texts[i];
	}
	flags.read_only = flags.attributes & MOUNT_ATTR_RDONLY;
	*ret_flags = flags;
	return 0;
}
