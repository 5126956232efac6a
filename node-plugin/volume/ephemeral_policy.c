/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/ephemeral_policy.h"

#include <stdio.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"

/* Looks up one name of a list: 0, or -1 if it is unknown. */
typedef int name_reader(const char *name, unsigned *ret_value);

static int read_backend(const char *name, unsigned *ret_value)
{
	enum backend_kind kind;
	if (backend_kind_of_name(name, &kind) < 0)
		return -1;
	*ret_value = kind;
	return 0;
}

static int read_provisioning(const char *name, unsigned *ret_value)
{
	enum provisioning provisioning;
	if (provisioning_of_name(name, &provisioning) < 0)
		return -1;
	*ret_value = provisioning;
	return 0;
}

static int read_list(const char *list, name_reader *read, unsigned *ret_bits, struct error *err)
{
	unsigned bits = 0;
	for (const char *at = list;; at++) {
		char name[32];
		unsigned value;
		size_t length = strcspn(at, ",");
		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		if (length >= sizeof(name) || read(name, &value) < 0)
			return error_set(err, ERROR_INVALID, "\"%.*s\" is unknown", (int)length,
					 at);
		bits |= 1U << value;
		at += length;
		if (!*at)
			break;
	}
	*ret_bits = bits;
	return 0;
}

int ephemeral_policy_read_backends(const char *list, unsigned *ret_backends, struct error *err)
{
	return read_list(list, read_backend, ret_backends, err);
}

int ephemeral_policy_read_provisionings(const char *list, unsigned *ret_provisionings,
					struct error *err)
{
	return read_list(list, read_provisioning, ret_provisionings, err);
}

static int refuse(const char *attribute, const char *value, const char *flag, struct error *err)
{
	return error_set(err, ERROR_FORBIDDEN,
			 "volumeAttributes: %s: \"%s\" is not allowed for inline volumes on this "
			 "node (%s of the node plugin says what is)",
			 attribute, value, flag);
}

static int check_size(const struct ephemeral_policy *policy, uint64_t bytes, struct error *err)
{
	char asked[QUANTITY_TEXT_MAX], most[QUANTITY_TEXT_MAX];
	if (bytes <= policy->size_max_bytes)
		return 0;
	quantity_format_bytes(bytes, asked);
	quantity_format_bytes(policy->size_max_bytes, most);
	return error_set(err, ERROR_FORBIDDEN,
			 "volumeAttributes: size: an inline volume of this node holds at most %s, "
			 "not %s (--ephemeral-max-size of the node plugin)",
			 most, asked);
}

int ephemeral_policy_check(const struct ephemeral_policy *policy,
			   const struct volume_record *record, const char *pool, struct error *err)
{
	if (!policy->on)
		return error_set(
			err, ERROR_FORBIDDEN,
			"inline ephemeral volumes are switched off on this node; use a "
			"claim, or a generic ephemeral volume (volumes[].ephemeral), or ask "
			"the administrator for node.ephemeral.enabled of the chart");
	if (!(policy->backends & 1U << record->backend))
		return refuse("backend", backend_kind_name(record->backend), "--ephemeral-backends",
			      err);
	if (!record->enforce)
		return error_set(err, ERROR_FORBIDDEN,
				 "volumeAttributes: enforce: an inline volume always holds its "
				 "size; leave \"false\" out");
	if (!(policy->provisionings & 1U << record->provisioning))
		return refuse("provisioning", provisioning_name(record->provisioning),
			      "--ephemeral-provisioning", err);
	if (pool && policy->pools[0] && !text_list_has(policy->pools, pool))
		return refuse("pool", pool, "--ephemeral-pools", err);
	return check_size(policy, record->size_bytes, err);
}
