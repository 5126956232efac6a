/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int secret_init(struct secret *secret, size_t length, struct error *err)
{
	void *pages = mmap(NULL, length ? length : 1, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return error_errno(err, errno, "memory for a secret");
	/* Each is one more protection; where the kernel or a limit refuses one, the others hold. */
	mlock(pages, length);
	madvise(pages, length, MADV_DONTDUMP);
	madvise(pages, length, MADV_WIPEONFORK);
	*secret = (struct secret) { .bytes = pages, .length = length };
	return 0;
}

int secret_copy(struct secret *secret, const void *bytes, size_t length, struct error *err)
{
	if (secret_init(secret, length, err) < 0)
		return -1;
	if (length)
		memcpy(secret->bytes, bytes, length);
	return 0;
}

void secret_done(struct secret *secret)
{
	if (!secret->bytes)
		return;
	explicit_bzero(secret->bytes, secret->length);
	munmap(secret->bytes, secret->length ? secret->length : 1);
	*secret = (struct secret) { 0 };
}

int secret_forbid_dumps(struct error *err)
{
	const struct rlimit none = { 0 };
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_errno(err, errno, "PR_SET_DUMPABLE");
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return error_errno(err, errno, "RLIMIT_CORE");
	return 0;
}
