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
	/* mount(8): what a user may mount by fstab(5) is held to this, unless it says otherwise. */
	{ "user", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0 },
	{ "users", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0 },
	{ "owner", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0 },
	{ "group", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "atime", 0, MOUNT_ATTR__ATIME },
	{ "norelatime", 0, 0 },
	{ "nostrictatime", 0, 0 },
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
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

/* Read by mount -a, fsck and systemd, never by the kernel. */
static bool is_for_fstab(const char *option)
{
	static const char *const words[] = { "nofail", "_netdev", "auto",    "noauto",
					     "nouser", "nousers", "noowner", "nogroup" };
	static const char *const beginnings[] = { "x-", "X-", "comment=" };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(option, words[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (strncmp(option, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static int refuse(const char *item, const char *reason, struct error *err)
{
	return error_set(err, ERROR_INVALID, "mount_flags: \"%s\": %s", item, reason);
}

/* Copies the option at *at to flags->text, without its quotes, and moves *at behind it. */
static int take_option(const char *item, const char **at, struct mount_flags *flags,
		       struct error *err)
{
	bool quoted = false;
	size_t begin = flags->text_length;
	for (; **at && (quoted || **at != ','); (*at)++) {
		if (**at == '"') {
			quoted = !quoted;
			continue;
		}
		if ((unsigned char)**at <= 0x20 || **at == 0x7f)
			return refuse(item, "a space or control character in an option", err);
		if (flags->text_length + 1 == MOUNT_FLAGS_TEXT_MAX)
			return refuse(item, "the options are too long together", err);
		flags->text[flags->text_length++] = **at;
	}
	if (quoted)
		return refuse(item, "a quote that does not end", err);
	if (flags->text_length == begin)
		return refuse(item, "an empty option", err);
	flags->text[flags->text_length++] = '\0';
	return 0;
}

static int read_option(const char *item, size_t begin, struct mount_flags *flags, struct error *err)
{
	const char *option = flags->text + begin;
	if (is_for_fstab(option) || read_attribute(option, flags)) {
		flags->text_length = begin;
		return 0;
	}
	if (flags->option_count == MOUNT_FLAGS_MAX)
		return refuse(item, "too many options", err);
	flags->options[flags->option_count++] = option;
	return 0;
}

static int read_item(const char *item, struct mount_flags *flags, struct error *err)
{
	for (const char *at = item;; at++) {
		size_t begin = flags->text_length;
		if (take_option(item, &at, flags, err) < 0 ||
		    read_option(item, begin, flags, err) < 0)
			return -1;
		if (!*at)
			return 0;
	}
}

int mount_flags_parse(char *const *texts, size_t count, struct mount_flags *ret_flags,
		      struct error *err)
{
	struct mount_flags flags = { 0 };
	if (count > MOUNT_FLAGS_MAX)
		return error_set(err, ERROR_INVALID, "mount_flags: more than %d", MOUNT_FLAGS_MAX);
	for (size_t i = 0; i < count; i++)
		if (read_item(texts[i], &flags, err) < 0)
			return -1;
	flags.read_only = flags.attributes & MOUNT_ATTR_RDONLY;
	*ret_flags = flags;
	for (size_t i = 0; i < flags.option_count; i++)
		ret_flags->options[i] = ret_flags->text + (flags.options[i] - flags.text);
	return 0;
}
