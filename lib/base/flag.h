/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The flags of a command line: --name=VALUE or --name VALUE, and for a switch --name alone. A table
 * says what each one is and where its value goes; a flag that is not in the table is refused.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"

/* One of the pointers is set: to where the value goes, which holds the default meanwhile. */
struct flag {
	const char *name; /* without the dashes */
	const char **text;
	unsigned *number;  /* from min to max */
	unsigned *seconds; /* a duration, "30s", "5m", "24h", "7d": from min to max seconds */
	unsigned min;
	unsigned max;
	bool *on; /* true, false; true where the flag stands alone */
	enum log_level *log_level;
};

struct flag_table {
	const char *program; /* "kentledge-node" */
	const char *help;    /* what --help prints */
	const struct flag *flags;
	size_t count;
};

/* Texts are borrowed from argv. 1: --help or --version was asked for and has been printed.
 * ERROR_INVALID names the flag. */
int flag_table_parse(const struct flag_table *table, int argc, char *const *argv,
		     struct error *err);
