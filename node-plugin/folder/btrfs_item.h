/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Items of btrfs' trees, as the kernel keeps them on the disk (BTRFS_IOC_TREE_SEARCH).
 */

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <stdint.h>

#include "base/error.h"

/* The first item of the tree with these parts of its key; its offset lies between that of the key
 * and max_offset. 1: it is at ret_args->buf, behind a header. 0: there is none. -1: errno. */
int btrfs_item_find(int fd, uint64_t tree, const struct btrfs_key *key, uint64_t max_offset,
		    struct btrfs_ioctl_search_args *ret_args);

/* 1: the ROOT_REF of a subvolume, with this id or a larger one, that lies in subvolume `id`. */
int btrfs_item_find_nested(int fd, uint64_t id, uint64_t from,
			   struct btrfs_ioctl_search_args *ret_args, struct error *err);

/* Of a ROOT_REF: the id of the nested subvolume, the folder in which it lies, and its name there.
 */
uint64_t btrfs_item_nested_id(const struct btrfs_ioctl_search_args *args);
uint64_t btrfs_item_nested_folder(const struct btrfs_ioctl_search_args *args);
void btrfs_item_nested_name(const struct btrfs_ioctl_search_args *args,
			    char ret_name[static BTRFS_VOL_NAME_MAX + 1]);
