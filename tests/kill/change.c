/* SPDX-License-Identifier: Apache-2.0 */
#include "change.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fiemap.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum how {
	ALWAYS, /* its first argument that is a path, or a descriptor and a path, is told */
	SYNC,
	NAME,	    /* as ALWAYS, and a name appears or disappears */
	ON_FILE,    /* if the descriptor in argument 0 is open on a file, or a block device */
	TO_FILE,    /* the same of argument 2: copy_file_range, splice */
	OPEN,	    /* open(path, flags) */
	OPEN_AT,    /* openat(fd, path, flags) */
	OPEN_HOW,   /* openat2(fd, path, how) */
	IOCTL,	    /* unless it is one that only reads */
	CONFIGURES, /* fsconfig, with a command */
	CLONES,	    /* open_tree, with OPEN_TREE_CLONE */
};

struct kind {
	uint32_t number;
	enum how how;
	const char *name;
	int path; /* the argument that is a path, or -1 */
};

static const struct kind kinds[] = {
#ifdef __x86_64__ /* others have only the calls that take a folder's descriptor */
	{ SYS_open, OPEN, "open", 0 },
	{ SYS_creat, ALWAYS, "creat", 0 },
	{ SYS_rename, NAME, "rename", 0 },
	{ SYS_unlink, NAME, "unlink", 0 },
	{ SYS_mkdir, ALWAYS, "mkdir", 0 },
	{ SYS_rmdir, NAME, "rmdir", 0 },
	{ SYS_link, NAME, "link", 0 },
	{ SYS_symlink, ALWAYS, "symlink", 1 },
	{ SYS_mknod, ALWAYS, "mknod", 0 },
	{ SYS_chmod, ALWAYS, "chmod", 0 },
	{ SYS_chown, ALWAYS, "chown", 0 },
	{ SYS_lchown, ALWAYS, "lchown", 0 },
#endif
	{ SYS_openat, OPEN_AT, "openat", 1 },
	{ SYS_openat2, OPEN_HOW, "openat2", 1 },
	{ SYS_write, ON_FILE, "write", -1 },
	{ SYS_writev, ON_FILE, "writev", -1 },
	{ SYS_pwrite64, ON_FILE, "pwrite64", -1 },
	{ SYS_pwritev, ON_FILE, "pwritev", -1 },
	{ SYS_pwritev2, ON_FILE, "pwritev2", -1 },
	{ SYS_copy_file_range, TO_FILE, "copy_file_range", -1 },
	{ SYS_splice, TO_FILE, "splice", -1 },
	{ SYS_sendfile, ON_FILE, "sendfile", -1 },
	{ SYS_ftruncate, ON_FILE, "ftruncate", -1 },
	{ SYS_truncate, ALWAYS, "truncate", 0 },
	{ SYS_fallocate, ON_FILE, "fallocate", -1 },
	{ SYS_fsync, SYNC, "fsync", -1 },
	{ SYS_fdatasync, SYNC, "fdatasync", -1 },
	{ SYS_syncfs, SYNC, "syncfs", -1 },
	{ SYS_sync, SYNC, "sync", -1 },
	{ SYS_sync_file_range, SYNC, "sync_file_range", -1 },
	{ SYS_renameat, NAME, "renameat", 1 },
	{ SYS_renameat2, NAME, "renameat2", 1 },
	{ SYS_unlinkat, NAME, "unlinkat", 1 },
	{ SYS_mkdirat, ALWAYS, "mkdirat", 1 },
	{ SYS_linkat, NAME, "linkat", 1 },
	{ SYS_symlinkat, ALWAYS, "symlinkat", 2 },
	{ SYS_mknodat, ALWAYS, "mknodat", 1 },
	{ SYS_fchmod, ON_FILE, "fchmod", -1 },
	{ SYS_fchmodat, ALWAYS, "fchmodat", 1 },
	{ SYS_fchown, ON_FILE, "fchown", -1 },
	{ SYS_fchownat, ALWAYS, "fchownat", 1 },
	{ SYS_setxattr, ALWAYS, "setxattr", 0 },
	{ SYS_lsetxattr, ALWAYS, "lsetxattr", 0 },
	{ SYS_fsetxattr, ON_FILE, "fsetxattr", -1 },
	{ SYS_removexattr, ALWAYS, "removexattr", 0 },
	{ SYS_fremovexattr, ON_FILE, "fremovexattr", -1 },
	{ SYS_utimensat, ALWAYS, "utimensat", 1 },
	{ SYS_mount, NAME, "mount", 1 },
	{ SYS_umount2, NAME, "umount2", 0 },
	{ SYS_move_mount, NAME, "move_mount", 3 },
	{ SYS_fsmount, ALWAYS, "fsmount", -1 },
	{ SYS_fsconfig, CONFIGURES, "fsconfig", -1 },
	{ SYS_open_tree, CLONES, "open_tree", 1 },
	{ SYS_mount_setattr, ALWAYS, "mount_setattr", 1 },
	{ SYS_ioctl, IOCTL, "ioctl", -1 },
	{ SYS_quotactl, ALWAYS, "quotactl", -1 },
	{ SYS_quotactl_fd, ALWAYS, "quotactl_fd", -1 },
	{ SYS_add_key, ALWAYS, "add_key", -1 },
	{ SYS_keyctl, ALWAYS, "keyctl", -1 },
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

void change_stop_here(void)
{
	struct sock_filter code[KINDS + 3];
	size_t length = 0;
	code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						      offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < KINDS; i++)
		code[length++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, kinds[i].number, (uint8_t)(KINDS - i), 0);
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	struct sock_fprog program = { .len = (unsigned short)length, .filter = code };
	/* Without no_new_privs, which a program in production does not have either: we are root. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		_exit(125);
}

static void read_text(pid_t tid, uint64_t address, char *text, size_t size)
{
	struct iovec here = { .iov_base = text, .iov_len = size - 1 };
	struct iovec there = { .iov_base = (void *)(uintptr_t)address, .iov_len = size - 1 };
	ssize_t length = process_vm_readv(tid, &here, 1, &there, 1, 0);
	/* The text may end just before a page that is not there. */
	if (length < 0) {
		there.iov_len = here.iov_len =
			4096 - address % 4096 < size ? 4096 - address % 4096 : size - 1;
		length = process_vm_readv(tid, &here, 1, &there, 1, 0);
	}
	text[length > 0 ? length : 0] = '\0';
}

static void read_fd(pid_t tid, int fd, char *path, size_t size)
{
	char link[64];
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", tid, fd);
	ssize_t length = readlink(link, path, size - 1);
	path[length > 0 ? length : 0] = '\0';
}

static bool lasts(const char *path, const char *log_path)
{
	return path[0] == '/' && strcmp(path, log_path) != 0 && strncmp(path, "/proc/", 6) != 0 &&
	       strcmp(path, "/dev/null") != 0 && strncmp(path, "/dev/pts/", 9) != 0 &&
	       strcmp(path, "/dev/tty") != 0;
}

static bool writes(uint64_t flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
}

static bool opens_for_writing(pid_t tid, const struct kind *kind, const uint64_t *arguments)
{
	struct open_how how = { 0 };
	struct iovec here = { .iov_base = &how, .iov_len = sizeof(how) };
	struct iovec there = { .iov_base = (void *)(uintptr_t)arguments[2],
			       .iov_len = sizeof(how) };
	if (kind->how == OPEN)
		return writes(arguments[1]);
	if (kind->how == OPEN_AT)
		return writes(arguments[2]);
	process_vm_readv(tid, &here, 1, &there, 1, 0);
	return writes(how.flags);
}

/* What is not known here counts as a change. */
static bool only_reads(unsigned long request)
{
	switch (request) {
	case LOOP_GET_STATUS:
	case LOOP_GET_STATUS64:
	case FS_IOC_FIEMAP:
	case FS_IOC_GETFLAGS:
	case FS_IOC_FSGETXATTR:
	case FIGETBSZ:
	case FIBMAP:
	case BLKROGET:
	case BLKGETSIZE:
	case BLKGETSIZE64:
	case BLKSSZGET:
	case BLKPBSZGET:
	case BLKIOMIN:
	case BLKIOOPT:
	case BLKALIGNOFF:
	case BLKDISCARDZEROES:
	case BLKROTATIONAL:
	case BTRFS_IOC_TREE_SEARCH:
	case BTRFS_IOC_TREE_SEARCH_V2:
	case BTRFS_IOC_INO_LOOKUP:
	case BTRFS_IOC_FS_INFO:
	case BTRFS_IOC_DEV_INFO:
	case BTRFS_IOC_SPACE_INFO:
	case BTRFS_IOC_SUBVOL_GETFLAGS:
	case BTRFS_IOC_GET_SUBVOL_INFO:
		return true;
	default:
		return (request >> 8 & 0xff) == 'T'; /* terminals */
	}
}

static bool changes(pid_t tid, const struct kind *kind, const uint64_t *arguments,
		    const char *object, const char *log_path)
{
	switch (kind->how) {
	case ALWAYS:
	case SYNC:
	case NAME:
		return true;
	case ON_FILE:
	case TO_FILE:
		return lasts(object, log_path);
	case OPEN:
	case OPEN_AT:
	case OPEN_HOW:
		return opens_for_writing(tid, kind, arguments) &&
		       (object[0] != '/' || lasts(object, log_path));
	case IOCTL:
		return lasts(object, log_path) && !only_reads(arguments[1]);
	case CONFIGURES:
		return arguments[1] >= FSCONFIG_CMD_CREATE;
	case CLONES:
		return arguments[2] & OPEN_TREE_CLONE;
	}
	return true;
}

static const struct kind *find_kind(uint64_t number)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].number == number)
			return &kinds[i];
	return NULL;
}

bool change_look(pid_t tid, uint64_t number, const uint64_t arguments[static 6],
		 const char *log_path, struct change *ret_change)
{
	const struct kind *kind = find_kind(number);
	char object[256] = "";
	if (!kind)
		return false;
	if (kind->path >= 0)
		read_text(tid, arguments[kind->path], object, sizeof(object));
	else
		read_fd(tid, (int)arguments[kind->how == TO_FILE ? 2 : 0], object, sizeof(object));
	if (!changes(tid, kind, arguments, object, log_path))
		return false;
	snprintf(ret_change->text, CHANGE_TEXT_MAX, "%s %s", kind->name, object);
	return true;
}
