/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/effect.h"

#include "base/clock.h"
#include "base/log.h"

/* A refusal is a warning; a failure of ours or of the kernel is an error. */
static enum log_level level_of(const struct error *err)
{
	switch (err->code) {
	case ERROR_INTERNAL:
	case ERROR_FORBIDDEN:
		return LOG_ERROR;
	case ERROR_BUSY:
		return LOG_INFO;
	case ERROR_NONE:
	case ERROR_INVALID:
	case ERROR_NOT_FOUND:
	case ERROR_EXISTS:
	case ERROR_CONFLICT:
	case ERROR_IN_USE:
	case ERROR_EXHAUSTED:
	case ERROR_RANGE:
	case ERROR_UNSUPPORTED:
	case ERROR_EXPIRED:
	case ERROR_TIMEOUT:
	case ERROR_UNAVAILABLE:
	case ERROR_CANCELLED:
		return LOG_WARNING;
	}
	return LOG_ERROR;
}

int csi_effect_log(const struct csi_effect *effect, int outcome, const struct error *err)
{
	bool failed = outcome < 0;
	enum log_level level = failed ? level_of(err) : outcome ? LOG_DEBUG : LOG_INFO;
	uint64_t duration_ms = (clock_monotonic_us() - effect->begin_us) / 1000;
	log_at(level, failed ? effect->failed : effect->done, LOG_TEXT("volume", effect->volume),
	       LOG_TEXT("snapshot", effect->snapshot), LOG_TEXT("group", effect->group),
	       LOG_TEXT("claim", effect->claim), LOG_TEXT("path", effect->path),
	       LOG_UINT("duration_ms", duration_ms),
	       LOG_TEXT("code", failed ? error_code_name(err->code) : NULL),
	       LOG_TEXT("error", failed ? err->text : NULL));
	return failed ? -1 : 0;
}
