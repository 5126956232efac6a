/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One line an event, on standard error, in logfmt:
 *
 *	time=2026-11-24T09:15:02.113000Z level=info event="volume deleted" volume=pvc-1
 *
 * The event is a constant sentence; what varies stands in fields. Values are quoted and escaped as
 * needed, so no input can forge a line. The line is written by one write(2). A library returns its
 * error to the caller, and logs only where there is no caller to return it to. Secrets are never a
 * field.
 */

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARNING,
	LOG_ERROR,
};

enum log_field_type {
	LOG_FIELD_END,
	LOG_FIELD_TEXT,
	LOG_FIELD_UINT,
	LOG_FIELD_INT,
	LOG_FIELD_NAME, /* "<namespace>/<name>" */
};

struct log_field {
	const char *key;
	enum log_field_type type;
	const char *text;
	const char *more;
	uint64_t number;
};

#define LOG_TEXT(k, v) ((struct log_field) { .key = (k), .type = LOG_FIELD_TEXT, .text = (v) })
#define LOG_UINT(k, v)                                                                             \
	((struct log_field) { .key = (k), .type = LOG_FIELD_UINT, .number = (uint64_t)(v) })
#define LOG_INT(k, v)                                                                              \
	((struct log_field) { .key = (k), .type = LOG_FIELD_INT, .number = (uint64_t)(int64_t)(v) })
/* A namespaced object, as claim=default/www-web-0. */
#define LOG_NAME(k, ns, n)                                                                         \
	((struct log_field) { .key = (k), .type = LOG_FIELD_NAME, .text = (ns), .more = (n) })
#define LOG_ERR(e) LOG_TEXT("code", error_code_name((e)->code)), LOG_TEXT("error", (e)->text)

#define log_debug(event, ...) log_at(LOG_DEBUG, event, ##__VA_ARGS__)
#define log_info(event, ...) log_at(LOG_INFO, event, ##__VA_ARGS__)
#define log_warning(event, ...) log_at(LOG_WARNING, event, ##__VA_ARGS__)
#define log_error(event, ...) log_at(LOG_ERROR, event, ##__VA_ARGS__)
#define log_at(level, event, ...)                                                                  \
	log_write(level, event,                                                                    \
		  (const struct log_field[]) { __VA_ARGS__ __VA_OPT__(, ) { .key = 0 } })

/* fields ends with an entry whose type is LOG_FIELD_END. A field whose text is NULL is left out. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* Events below the level are dropped; LOG_INFO at start. */
void log_set_level(enum log_level level);

/* "debug", "info", "warning" or "error". Returns 0, or -1 for any other word. */
int log_parse_level(const char *word, enum log_level *ret_level);

/* Sends the lines elsewhere (tests); -1 restores standard error. */
void log_set_fd(int fd);
