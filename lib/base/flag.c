/* SPDX-License-Identifier: Apache-2.0 */
#include "base/flag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_number(const struct flag *flag, const char *value, struct error *err)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(value, &end, 10);
	/* strtoul(3) would also take white space and a sign. */
	if (*value < '0' || *value > '9' || *end || errno || number < flag->min ||
	    number > flag->max)
		return error_set(err, ERROR_INVALID, "--%s=%s: must be a number from %u to %u",
				 flag->name, value, flag->min, flag->max);
	*flag->number = (unsigned)number;
	return 0;
}

static unsigned seconds_of_unit(const char *unit)
{
	if (unit[0] == '\0' || unit[1] != '\0')
		return 0;
	switch (unit[0]) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	default:
		return 0;
	}
}

static int set_seconds(const struct flag *flag, const char *value, struct error *err)
{
	char *end;
	errno = 0;
	unsigned long count = strtoul(value, &end, 10);
	unsigned long unit = seconds_of_unit(end);
	if (*value < '0' || *value > '9' || !unit || errno || count > flag->max / unit ||
	    count * unit < flag->min)
		return error_set(err, ERROR_INVALID,
				 "--%s=%s: must be a duration as 30s, 5m, 24h or 7d, from %us to "
				 "%us",
				 flag->name, value, flag->min, flag->max);
	*flag->seconds = (unsigned)(count * unit);
	return 0;
}

static int set_switch(const struct flag *flag, const char *value, struct error *err)
{
	bool on = !value || strcmp(value, "true") == 0;
	if (!on && strcmp(value, "false") != 0)
		return error_set(err, ERROR_INVALID, "--%s=%s: must be true or false", flag->name,
				 value);
	*flag->on = on;
	return 0;
}

static int set_log_level(const struct flag *flag, const char *value, struct error *err)
{
	if (log_parse_level(value, flag->log_level) < 0)
		return error_set(err, ERROR_INVALID,
				 "--%s=%s: must be debug, info, warning or error", flag->name,
				 value);
	return 0;
}

static int set_value(const struct flag *flag, const char *value, struct error *err)
{
	if (flag->on)
		return set_switch(flag, value, err);
	if (!value)
		return error_set(err, ERROR_INVALID, "--%s: its value is missing; see --help",
				 flag->name);
	if (flag->number)
		return set_number(flag, value, err);
	if (flag->seconds)
		return set_seconds(flag, value, err);
	if (flag->log_level)
		return set_log_level(flag, value, err);
	*flag->text = value;
	return 0;
}

static const struct flag *find_flag(const struct flag_table *table, const char *name, size_t length)
{
	for (size_t i = 0; i < table->count; i++)
		if (strlen(table->flags[i].name) == length &&
		    strncmp(table->flags[i].name, name, length) == 0)
			return &table->flags[i];
	return NULL;
}

/* Moves *at on where the value is the next argument. */
static int take_flag(const struct flag_table *table, char *const **at, struct error *err)
{
	const char *argument = **at;
	if (strncmp(argument, "--", 2) != 0)
		return error_set(err, ERROR_INVALID, "%s: unexpected argument; see --help",
				 argument);
	const char *name = argument + 2;
	size_t length = strcspn(name, "=");
	const struct flag *flag = find_flag(table, name, length);
	if (!flag)
		return error_set(err, ERROR_INVALID, "%s: unknown flag; see --help", argument);
	const char *value = name[length] ? name + length + 1 : NULL;
	if (!value && !flag->on && (*at)[1])
		value = *++*at;
	return set_value(flag, value, err);
}

int flag_table_parse(const struct flag_table *table, int argc, char *const *argv, struct error *err)
{
	for (char *const *at = argv + 1; at < argv + argc; at++) {
		if (strcmp(*at, "--help") == 0) {
			fputs(table->help, stdout);
			return 1;
		}
		if (strcmp(*at, "--version") == 0) {
			printf("%s %s\n", table->program, KENTLEDGE_VERSION);
			return 1;
		}
		if (take_flag(table, &at, err) < 0)
			return -1;
	}
	return 0;
}
