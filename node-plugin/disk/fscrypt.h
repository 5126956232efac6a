/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A file system whose files are encrypted by the file system itself (Linux: Documentation/
 * filesystems/fscrypt.rst), so that its image holds neither contents nor names that can be read
 * without the key.
 *
 * ext4 does not encrypt its root folder, in which lost+found lies. So the volume is a folder in it,
 * FSCRYPT_FOLDER, that carries the policy, and pods see that folder alone:
 *
 *	fresh --fscrypt_open--> encrypted and open --fscrypt_lock--> encrypted and locked
 *	                               ^------------fscrypt_open-----------+
 *
 * The first opening makes the folder and gives it the policy of the key that was brought, with all
 * of it on the disk before the call returns. Every later one adds the key to the kernel and then
 * compares: the policy names its key by an identifier that the kernel makes of the key, and another
 * key is taken away again before it could be used. Nothing is remembered besides: a crash at any
 * point leaves a folder that is missing, or empty and without a policy, and the next opening goes
 * on from there. A folder without a policy in which something lies is refused: it would be
 * served unencrypted.
 *
 * The master key: 64 bytes, HKDF-SHA512 (RFC 5869) of what the user gave, with the salt of the file
 * system (FS_IOC_GET_ENCRYPTION_PWSALT: 16 random bytes in its superblock) and the info
 * "kentledge fscrypt 1". The salt makes keys of one secret differ from volume to volume and goes
 * along with a snapshot or clone, which therefore open with the secret of their source. HKDF does
 * not slow down guessing: what the user gives must be random, like the output of
 * `openssl rand -base64 32`; less than FSCRYPT_SECRET_BYTES_MIN bytes are refused. Contents are
 * AES-256-XTS, names AES-256-CTS padded to 32 bytes.
 *
 * The kernel forgets the key with fscrypt_lock(), at the latest when the file system is unmounted
 * everywhere.
 */

#include "base/error.h"
#include "base/secret.h"

#define FSCRYPT_FOLDER ".kentledge-encrypted"
#define FSCRYPT_SECRET_NAME "encryptionKey"
#define FSCRYPT_SECRET_BYTES_MIN 32

/* ERROR_IN_USE if this kernel's ext4 does not encrypt. Where ext4 is not loaded yet, it may. */
int fscrypt_check_kernel(struct error *err);

/* There is a secret (NULL: none) and it is long enough: ERROR_INVALID names the field and says what
 * to do. */
int fscrypt_check_secret(const struct secret *secret, struct error *err);

/* root_fd: the root folder of the mounted file system, writable if nothing was stored in it yet.
 * *ret_folder_fd is the encrypted folder, readable from now on. ERROR_INVALID for a secret that
 * does not fit. */
int fscrypt_open(int root_fd, const struct secret *secret, int *ret_folder_fd, struct error *err);

/* folder_fd: the encrypted folder of a mounted volume. Adds the key if it is the right one;
 * ERROR_INVALID if it is not. */
int fscrypt_unlock(int folder_fd, const struct secret *secret, struct error *err);

/* folder_fd: the encrypted folder. The kernel forgets the key, and what it read with it: no file
 * can be opened any more. 1: what is open still, be it only the folder itself (it is while it is
 * mounted), stays as it is until it is closed. */
int fscrypt_lock(int folder_fd, struct error *err);
