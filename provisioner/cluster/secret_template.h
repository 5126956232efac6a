/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a class names a Secret: by two parameters, for its name and its namespace, of which each may
 * be a template. A token "${…}" in it stands for something of the object that the Secret is for.
 * Which tokens there are is the caller's to say. Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct secret_name {
	const char *namespace;
	const char *name; /* NULL: there is no Secret */
};

/* A parameter of the class; key NULL: it is not there. */
struct secret_template {
	const char *key;
	const char *text;
};

struct secret_templates {
	struct secret_template name;
	struct secret_template namespace;
};

/* What is between "${" and "}". */
struct secret_token {
	const char *text;
	size_t length;
	bool in_namespace; /* it stands in the template of the namespace */
};

struct secret_scope {
	int (*resolve)(const void *context, const struct secret_token *token,
		       const char **ret_value, struct error *err);
	const void *context;
	struct arena *arena; /* the names live in it */
};

bool secret_token_is(const struct secret_token *token, const char *word);

/* ERROR_INVALID, for resolve(). allowed: which ones may stand there. */
int secret_token_refuse(const struct secret_token *token, const char *allowed, struct error *err);

/* ERROR_INVALID: half of a pair. */
int secret_templates_check(const struct secret_templates *templates, struct error *err);

/* ERROR_INVALID names the parameter: a template that cannot be resolved, or a result that is no DNS
 * name. */
int secret_templates_resolve(const struct secret_scope *scope,
			     const struct secret_templates *templates, struct secret_name *ret_name,
			     struct error *err);
