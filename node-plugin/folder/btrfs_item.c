/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/btrfs_item.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

int btrfs_item_find(int fd, uint64_t tree, const struct btrfs_key *key, uint64_t max_offset,
		    struct btrfs_ioctl_search_args *ret_args)
{
	memset(ret_args, 0, sizeof(*ret_args));
	ret_args->key = (struct btrfs_ioctl_search_key) {
		.tree_id = tree,
		.min_objectid = key->objectid,
		.max_objectid = key->objectid,
		.min_type = key->type,
		.max_type = key->type,
		.min_offset = key->offset,
		.max_offset = max_offset,
		.max_transid = UINT64_MAX,
		.nr_items = 1,
	};
	if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, ret_args) < 0)
		return -1;
	return ret_args->key.nr_items > 0;
}

int btrfs_item_find_nested(int fd, uint64_t id, uint64_t from,
			   struct btrfs_ioctl_search_args *ret_args, struct error *err)
{
	struct btrfs_key key = { .objectid = id, .type = BTRFS_ROOT_REF_KEY, .offset = from };
	int found = btrfs_item_find(fd, BTRFS_ROOT_TREE_OBJECTID, &key, UINT64_MAX, ret_args);
	if (found < 0)
		return error_errno(err, errno, "look for subvolumes in a subvolume");
	return found;
}

uint64_t btrfs_item_nested_id(const struct btrfs_ioctl_search_args *args)
{
	struct btrfs_ioctl_search_header header;
	memcpy(&header, args->buf, sizeof(header));
	return header.offset;
}

uint64_t btrfs_item_nested_folder(const struct btrfs_ioctl_search_args *args)
{
	struct btrfs_root_ref ref;
	memcpy(&ref, args->buf + sizeof(struct btrfs_ioctl_search_header), sizeof(ref));
	return le64toh(ref.dirid);
}

void btrfs_item_nested_name(const struct btrfs_ioctl_search_args *args,
			    char ret_name[static BTRFS_VOL_NAME_MAX + 1])
{
	const char *item = args->buf + sizeof(struct btrfs_ioctl_search_header);
	struct btrfs_root_ref ref;
	memcpy(&ref, item, sizeof(ref));
	size_t length = le16toh(ref.name_len);
	if (length > BTRFS_VOL_NAME_MAX)
		length = BTRFS_VOL_NAME_MAX;
	memcpy(ret_name, item + sizeof(ref), length);
	ret_name[length] = '\0';
}
