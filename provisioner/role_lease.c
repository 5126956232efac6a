/* SPDX-License-Identifier: Apache-2.0 */
#include "role_lease.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "kube/lease.h"

struct role_lease {
	struct role_lease_options options;
	struct lease *lease;
};

static const char *name_of(const void *context)
{
	return ((const struct role_lease *)context)->options.name;
}

static void acquired(void *context)
{
	const struct role_lease *lease = context;
	log_info("role lease acquired", LOG_TEXT("lease", name_of(lease)));
	lease->options.acquired(lease->options.context);
}

static void lost(void *context)
{
	log_warning("role lease lost", LOG_TEXT("lease", name_of(context)));
}

static void taken(void *context, const char *holder)
{
	log_warning("role lease held by another process", LOG_TEXT("lease", name_of(context)),
		    LOG_TEXT("holder", holder));
}

static void failed(void *context, const struct error *err)
{
	log_warning("lease not renewed", LOG_TEXT("lease", name_of(context)), LOG_ERR(err));
}

struct role_lease *role_lease_new(const struct role_lease_options *options)
{
	struct role_lease *lease = must_alloc(sizeof(*lease));
	lease->options = *options;
	lease->lease = lease_new(options->client, &(struct lease_options) {
							  .namespace = options->namespace,
							  .name = options->name,
							  .identity = options->holder,
							  .duration_ms = LEASE_DURATION_MS,
							  .renew_deadline_ms = LEASE_RENEW_MS,
							  .retry_ms = LEASE_RETRY_MS,
							  .acquired = acquired,
							  .lost = lost,
							  .taken = taken,
							  .failed = failed,
							  .context = lease,
						  });
	return lease;
}

void role_lease_end(struct role_lease *lease)
{
	if (lease)
		lease_stop(lease->lease);
}

void role_lease_free(struct role_lease *lease)
{
	if (lease)
		lease_free(lease->lease);
	free(lease);
}

const char *role_lease_name(const struct role_lease *lease)
{
	return name_of(lease);
}

uint32_t role_lease_time_left_ms(struct role_lease *lease)
{
	return lease ? lease_time_left_ms(lease->lease) : UINT32_MAX;
}
