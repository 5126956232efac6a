/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/fscrypt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "folder/folder.h"

#define SALT_BYTES 16
#define FEATURES "/sys/fs/ext4/features"
#define FOLDER_MODE 0755 /* as mkfs.ext4 gives its root */

/* Of HKDF-Expand: one block of SHA-512 is all that is asked for, so its counter is 1. */
static const char info[] = "kentledge fscrypt 1\x01";

int fscrypt_check_kernel(struct error *err)
{
	if (access(FEATURES, F_OK) < 0 || access(FEATURES "/encryption", F_OK) == 0)
		return 0;
	return error_set(err, ERROR_IN_USE,
			 "parameter encryption: this node's kernel does not encrypt ext4 "
			 "(CONFIG_FS_ENCRYPTION)");
}

int fscrypt_check_secret(const struct secret *secret, struct error *err)
{
	if (!secret || !secret->bytes)
		return error_set(err, ERROR_INVALID,
				 "secrets: " FSCRYPT_SECRET_NAME
				 " is missing, and the volume is encrypted; "
				 "name a Secret that has it in the StorageClass, by "
				 "csi.storage.k8s.io/node-stage-secret-name and -namespace");
	if (secret->length < FSCRYPT_SECRET_BYTES_MIN)
		return error_set(err, ERROR_INVALID,
				 "secrets: " FSCRYPT_SECRET_NAME " has %zu bytes; it must be "
				 "random and have at least %d, like `openssl rand -base64 32`",
				 secret->length, FSCRYPT_SECRET_BYTES_MIN);
	return 0;
}

static int extract(const unsigned char salt[static SALT_BYTES], const struct secret *secret,
		   struct secret *ret_extracted, struct error *err)
{
	unsigned length = EVP_MAX_MD_SIZE;
	if (secret_init(ret_extracted, EVP_MAX_MD_SIZE, err) < 0)
		return -1;
	if (!HMAC(EVP_sha512(), salt, SALT_BYTES, secret->bytes, secret->length,
		  ret_extracted->bytes, &length))
		return error_set(err, ERROR_INTERNAL, "HMAC-SHA512 is not available");
	return 0;
}

/* The argument of FS_IOC_ADD_ENCRYPTION_KEY, whose last member is the master key. */
static int derive(const unsigned char salt[static SALT_BYTES], const struct secret *secret,
		  struct secret *ret_argument, struct error *err)
{
	CLEANUP_SECRET struct secret extracted = { 0 };
	if (extract(salt, secret, &extracted, err) < 0 ||
	    secret_init(ret_argument, sizeof(struct fscrypt_add_key_arg) + FSCRYPT_MAX_KEY_SIZE,
			err) < 0)
		return -1;
	struct fscrypt_add_key_arg *argument = (void *)ret_argument->bytes;
	argument->key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	argument->raw_size = FSCRYPT_MAX_KEY_SIZE;
	unsigned length = FSCRYPT_MAX_KEY_SIZE;
	if (!HMAC(EVP_sha512(), extracted.bytes, (int)extracted.length, (const void *)info,
		  sizeof(info) - 1, argument->raw, &length))
		return error_set(err, ERROR_INTERNAL, "HMAC-SHA512 is not available");
	return 0;
}

/* Which kernels and file systems can: fscrypt.rst, "User API". */
static int refuse(int errno_value, const char *what, struct error *err)
{
	if (errno_value == ENOTTY || errno_value == EOPNOTSUPP)
		return error_set(err, ERROR_IN_USE,
				 "%s: this kernel does not encrypt ext4 (CONFIG_FS_ENCRYPTION), "
				 "or the file system was made without it",
				 what);
	return error_errno(err, errno_value, "%s", what);
}

/* Made at the first question, which needs a writable file system. */
static int read_salt(int root_fd, unsigned char salt[static SALT_BYTES], struct error *err)
{
	if (ioctl(root_fd, FS_IOC_GET_ENCRYPTION_PWSALT, salt) == 0)
		return 0;
	if (errno == EROFS)
		return error_set(err, ERROR_IN_USE,
				 "it was never staged: an encrypted volume is staged writable "
				 "once before it can be read-only");
	return refuse(errno, "read the salt", err);
}

/* Adds it; the kernel says which identifier it has. */
static int add_key(int root_fd, const struct secret *secret, struct fscrypt_key_specifier *ret_key,
		   struct error *err)
{
	unsigned char salt[SALT_BYTES];
	CLEANUP_SECRET struct secret argument = { 0 };
	if (read_salt(root_fd, salt, err) < 0 || derive(salt, secret, &argument, err) < 0)
		return -1;
	if (ioctl(root_fd, FS_IOC_ADD_ENCRYPTION_KEY, argument.bytes) < 0)
		return refuse(errno, "add the key", err);
	*ret_key = ((struct fscrypt_add_key_arg *)(void *)argument.bytes)->key_spec;
	return 0;
}

/* 1: files are still open. That the key is gone already is what was wanted. */
static int remove_key(int fd, const struct fscrypt_key_specifier *key, struct error *err)
{
	struct fscrypt_remove_key_arg argument = { .key_spec = *key };
	if (ioctl(fd, FS_IOC_REMOVE_ENCRYPTION_KEY, &argument) < 0 && errno != ENOKEY)
		return refuse(errno, "remove the key", err);
	return (argument.removal_status_flags & FSCRYPT_KEY_REMOVAL_STATUS_FLAG_FILES_BUSY) != 0;
}

/* 1: *ret_key is the key of its policy. 0: it has none. */
static int read_policy(int folder_fd, struct fscrypt_key_specifier *ret_key, struct error *err)
{
	struct fscrypt_get_policy_ex_arg argument = { .policy_size = sizeof(argument.policy) };
	if (ioctl(folder_fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &argument) < 0) {
		if (errno == ENODATA)
			return 0;
		return refuse(errno, "read the policy", err);
	}
	if (argument.policy.version != FSCRYPT_POLICY_V2)
		return error_set(err, ERROR_INTERNAL,
				 "its folder is encrypted in a way that is not ours (version %u of "
				 "the policy); it is not touched",
				 argument.policy.version);
	*ret_key = (struct fscrypt_key_specifier) { .type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER };
	memcpy(ret_key->u.identifier, argument.policy.v2.master_key_identifier,
	       FSCRYPT_KEY_IDENTIFIER_SIZE);
	return 1;
}

/* The kernel refuses it for a folder that is not empty. */
static int set_policy(int folder_fd, const struct fscrypt_key_specifier *key, struct error *err)
{
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};
	memcpy(policy.master_key_identifier, key->u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
	if (ioctl(folder_fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy) == 0)
		return file_sync_folder(folder_fd, err);
	if (errno == ENOTEMPTY)
		return error_set(err, ERROR_INTERNAL,
				 "files lie in it that are not encrypted; it is not served, and "
				 "not touched");
	return refuse(errno, "set the policy", err);
}

static int compare(const struct fscrypt_key_specifier *policy_key,
		   const struct fscrypt_key_specifier *key, struct error *err)
{
	if (memcmp(policy_key->u.identifier, key->u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE) == 0)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "secrets: " FSCRYPT_SECRET_NAME
			 " is not the key with which the volume was "
			 "encrypted when it was first staged; put that one back");
}

/* Beside the volume's folder nothing but lost+found lies in the root. */
static int refuse_stranger(void *context, const char *name, struct error *err)
{
	if (strcmp(name, "lost+found") == 0 || strcmp(name, FSCRYPT_FOLDER) == 0)
		return 0;
	return error_set(err, ERROR_INTERNAL,
			 "\"%s\" lies in its image unencrypted; it is not served, and not touched",
			 name);
}

static int open_folder(int root_fd, int *ret_folder_fd, struct error *err)
{
	struct error reason = { 0 };
	if (folder_open(root_fd, FSCRYPT_FOLDER, ret_folder_fd, &reason) == 0)
		return 0;
	if (reason.code != ERROR_NOT_FOUND) {
		*err = reason;
		return -1;
	}
	if (folder_visit(root_fd, refuse_stranger, NULL, err) < 0 ||
	    folder_make(root_fd, FSCRYPT_FOLDER, FOLDER_MODE, ret_folder_fd, err) < 0)
		return -1;
	return file_sync_folder(root_fd, err);
}

/* With the key in the kernel. */
static int settle_policy(int folder_fd, const struct fscrypt_key_specifier *key, struct error *err)
{
	struct fscrypt_key_specifier policy_key;
	int found = read_policy(folder_fd, &policy_key, err);
	if (found < 0)
		return -1;
	return found ? compare(&policy_key, key, err) : set_policy(folder_fd, key, err);
}

int fscrypt_open(int root_fd, const struct secret *secret, int *ret_folder_fd, struct error *err)
{
	struct fscrypt_key_specifier key;
	CLEANUP_CLOSE int folder_fd = -1;
	if (fscrypt_check_secret(secret, err) < 0 || add_key(root_fd, secret, &key, err) < 0)
		return -1;
	if (open_folder(root_fd, &folder_fd, err) < 0 || settle_policy(folder_fd, &key, err) < 0) {
		remove_key(root_fd, &key, NULL);
		return -1;
	}
	*ret_folder_fd = TAKE_FD(folder_fd);
	return 0;
}

int fscrypt_unlock(int folder_fd, const struct secret *secret, struct error *err)
{
	struct fscrypt_key_specifier key, policy_key;
	if (fscrypt_check_secret(secret, err) < 0)
		return -1;
	int found = read_policy(folder_fd, &policy_key, err);
	if (found <= 0)
		return found < 0 ? -1 : error_set(err, ERROR_INTERNAL, "it is not encrypted");
	if (add_key(folder_fd, secret, &key, err) < 0)
		return -1;
	if (compare(&policy_key, &key, err) == 0)
		return 0;
	remove_key(folder_fd, &key, NULL);
	return -1;
}

int fscrypt_lock(int folder_fd, struct error *err)
{
	struct fscrypt_key_specifier key;
	int found = read_policy(folder_fd, &key, err);
	if (found <= 0)
		return found;
	return remove_key(folder_fd, &key, err);
}
