/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pulse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "record/layout.h"

#define READ_BYTES 4096

int pool_pulse_look(const struct backend_site *site, int volumes_fd, struct error *err)
{
	struct stat held, named;
	if (stat(site->path, &named) < 0)
		return error_set(err, ERROR_IN_USE, "pool %s: %s", site->path, strerror(errno));
	if (fstat(site->root_fd, &held) < 0 || held.st_dev != named.st_dev ||
	    held.st_ino != named.st_ino)
		return error_set(err, ERROR_IN_USE,
				 "pool %s is another folder than at start; restart the plugin",
				 site->path);
	if (faccessat(volumes_fd, ".", W_OK, 0) < 0)
		return error_set(err, ERROR_IN_USE, "pool %s: volumes: %s", site->path,
				 strerror(errno));
	return 0;
}

/* Past the page cache, where the file system can do that. An error is an answer, too. */
static void read_label(const struct backend_site *site)
{
	CLEANUP_FREE void *data = NULL;
	CLEANUP_CLOSE int fd = openat(site->root_fd, LAYOUT_LABEL, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd >= 0 && posix_memalign(&data, READ_BYTES, READ_BYTES) == 0 &&
	    pread(fd, data, READ_BYTES, 0) < 0)
		log_debug("label of a pool cannot be read", LOG_TEXT("pool", site->name));
}

static int look(void *context, struct error *err)
{
	struct pool_pulse *pulse = context;
	read_label(pulse->site);
	int outcome = pool_pulse_look(pulse->site, pulse->volumes_fd, err);
	if (atomic_exchange(&pulse->silent, false))
		log_info("disk of a pool answers again", LOG_TEXT("pool", pulse->site->name));
	return outcome;
}

struct pool_pulse *pool_pulse_new(const struct backend_site *site, int volumes_fd)
{
	struct pool_pulse *pulse = must_alloc(sizeof(*pulse));
	CLEANUP_FREE char *what = must_printf("pool %s", site->name);
	const struct aside_options options = { .what = what,
					       .look = look,
					       .context = pulse,
					       .interval_ms = PULSE_AGE_MS,
					       .patience_ms = PULSE_PATIENCE_MS };
	pulse->site = site;
	pulse->volumes_fd = volumes_fd;
	pulse->look = aside_new(&options);
	return pulse;
}

void pool_pulse_free(struct pool_pulse *pulse)
{
	if (!pulse)
		return;
	aside_free(pulse->look);
	free(pulse);
}

static int refuse(struct pool_pulse *pulse, enum error_code code, struct error *err)
{
	if (!atomic_exchange(&pulse->silent, true))
		log_warning("disk of a pool does not answer; calls for it are refused until it "
			    "does",
			    LOG_TEXT("pool", pulse->site->name));
	return error_set(err, code, "pool %s: its disk does not answer; try again",
			 pulse->site->name);
}

int pool_pulse_ask(struct pool_pulse *pulse, struct error *err)
{
	struct error reason = { 0 };
	if (aside_ask(pulse->look, &reason) == 0 || reason.code != ERROR_TIMEOUT)
		return 0;
	return refuse(pulse, ERROR_UNAVAILABLE, err);
}

int pool_pulse_check(struct pool_pulse *pulse, struct error *err)
{
	struct error reason = { 0 };
	if (aside_ask(pulse->look, &reason) == 0)
		return 0;
	if (reason.code == ERROR_TIMEOUT)
		return refuse(pulse, ERROR_IN_USE, err);
	*err = reason;
	return -1;
}

bool pool_pulse_is_silent(struct pool_pulse *pulse)
{
	return atomic_load(&pulse->silent);
}
