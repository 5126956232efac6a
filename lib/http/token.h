/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bearer token in a file that another program renews.
 *
 * The kubelet replaces a pod's token long before it expires (Kubernetes: projected service account
 * tokens). The file is looked at before each request and read again when it is another, and once a
 * minute in any case. Thread-safe. The token is wiped from memory when it is replaced.
 */

#include "base/cleanup.h"
#include "base/error.h"

struct token_file;

struct token_file *token_file_new(const char *path);
void token_file_free(struct token_file *file);

/* The token, yours: wipe it with token_wipe(). A file that is gone for a moment does no harm while
 * an older token is known. */
int token_file_get(struct token_file *file, char **ret_token, struct error *err);

/* White space around it is cut off. What cannot stand in a header is ERROR_INVALID. */
int token_check(const char *text, char **ret_token, struct error *err);

/* Overwrites the string and frees it; NULL is fine. */
void token_wipe(char *token);

DEFINE_CLEANUP(struct token_file *, token_file_free);
DEFINE_CLEANUP(char *, token_wipe);
