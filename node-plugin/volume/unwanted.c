/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/unwanted.h"

#include "pool/lock.h"

static int look(void *context, uint64_t done_bytes, struct error *err)
{
	const struct unwanted *unwanted = context;
	const struct copy_watch *outer = unwanted->outer;
	if (lock_is_unwanted(unwanted->lock))
		return error_set(err, ERROR_CANCELLED,
				 "another call deletes, unstages or unpublishes volume %s",
				 unwanted->lock->id);
	return outer && outer->look ? outer->look(outer->context, done_bytes, err) : 0;
}

static int expect(void *context, uint64_t bytes, struct error *err)
{
	const struct unwanted *unwanted = context;
	const struct copy_watch *outer = unwanted->outer;
	return outer && outer->expect ? outer->expect(outer->context, bytes, err) : 0;
}

void unwanted_init(struct unwanted *unwanted, const struct lock *lock,
		   const struct copy_watch *outer)
{
	*unwanted = (struct unwanted) {
		.watch = { .look = look, .expect = expect, .context = unwanted },
		.lock = lock,
		.outer = outer,
	};
}
