/* SPDX-License-Identifier: Apache-2.0 */
#include "http/probe.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define AGAIN_MS 60000

/* At its start a program is not ready for a while; that is no reason to worry. */
static void log_failure(struct http_probe *probe, const struct error *err)
{
	uint64_t now_ms = clock_monotonic_ms();
	bool is_other = strcmp(probe->reason.text, err->text) != 0;
	if (probe->fails && (!is_other || now_ms < probe->logged_ms + AGAIN_MS))
		return;
	probe->reason = *err;
	probe->logged_ms = now_ms;
	if (probe->passed_once)
		log_warning("check fails", LOG_TEXT("check", probe->name), LOG_ERR(err));
	else
		log_info("check does not pass yet", LOG_TEXT("check", probe->name), LOG_ERR(err));
}

bool http_probe_passes(struct http_probe *probe)
{
	struct error err = { 0 };
	if (probe->look && probe->look(probe->context, &err) < 0) {
		log_failure(probe, &err);
		probe->fails = true;
		return false;
	}
	if (probe->fails)
		log_info("check passes", LOG_TEXT("check", probe->name));
	probe->fails = false;
	probe->passed_once = true;
	return true;
}
