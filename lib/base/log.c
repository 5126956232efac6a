/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define VALUE_BYTES_MAX 2048 /* more than the text of an error has */

static _Atomic enum log_level threshold = LOG_INFO;
static atomic_int output = STDERR_FILENO;

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARNING] = "warning",
	[LOG_ERROR] = "error",
};

void log_set_level(enum log_level level)
{
	threshold = level;
}

int log_parse_level(const char *word, enum log_level *ret_level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(*level_names); i++) {
		if (strcmp(word, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

void log_set_fd(int fd)
{
	output = fd < 0 ? STDERR_FILENO : fd;
}

static bool is_plain(const char *value)
{
	if (!*value)
		return false;
	for (; *value; value++)
		if (*value <= ' ' || *value == '"' || *value == '=' || *value == '\\' ||
		    *value == 0x7f)
			return false;
	return true;
}

/* Bytes from 0x80 on are left alone: UTF-8 stays readable. */
static void append_escaped(struct text *line, const char *value)
{
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		if (c == '"' || c == '\\')
			text_printf(line, "\\%c", c);
		else if (c == '\n')
			text_append_string(line, "\\n");
		else if (c < ' ' || c == 0x7f)
			text_printf(line, "\\x%02x", c);
		else
			text_append(line, value, 1);
	}
}

/* Some values are written by users of the cluster, with a length of their choice. */
static void append_value(struct text *line, const char *value)
{
	char cut[VALUE_BYTES_MAX + sizeof("…")];
	if (strlen(value) > VALUE_BYTES_MAX) {
		snprintf(cut, sizeof(cut), "%.*s…", VALUE_BYTES_MAX, value);
		value = cut;
	}
	if (is_plain(value)) {
		text_append_string(line, value);
		return;
	}
	text_append_string(line, "\"");
	append_escaped(line, value);
	text_append_string(line, "\"");
}

static void append_field(struct text *line, const struct log_field *field)
{
	if ((field->type == LOG_FIELD_TEXT || field->type == LOG_FIELD_NAME) && !field->text)
		return;
	text_printf(line, " %s=", field->key);
	switch (field->type) {
	case LOG_FIELD_END:
		break;
	case LOG_FIELD_TEXT:
		append_value(line, field->text);
		break;
	case LOG_FIELD_UINT:
		text_printf(line, "%" PRIu64, field->number);
		break;
	case LOG_FIELD_INT:
		text_printf(line, "%" PRId64, (int64_t)field->number);
		break;
	case LOG_FIELD_NAME: {
		CLEANUP_FREE char *name = must_printf("%s/%s", field->text, field->more);
		append_value(line, name);
		break;
	}
	}
}

static void write_line(const struct text *line)
{
	/* There is no other place to report that the log is gone. */
	if (write(output, line->data, line->length) < 0)
		return;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	if (level < threshold)
		return;
	CLEANUP_TEXT struct text line = TEXT_INIT;
	char now[CLOCK_TEXT_MAX];
	clock_format_us(clock_wall_us(), now);
	text_printf(&line, "time=%s level=%s event=", now, level_names[level]);
	append_value(&line, event);
	for (; fields->type != LOG_FIELD_END; fields++)
		append_field(&line, fields);
	text_append_string(&line, "\n");
	write_line(&line);
}
