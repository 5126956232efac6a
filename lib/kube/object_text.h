/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The text of an object without what is not read of it.
 *
 * An object may be 1.5 MB large, and its author chooses what fills it. So before a tree is made of
 * the text these go:
 *
 *	metadata.managedFields
 *	annotations of more than 4 KiB; and of the others those beyond 16 KiB in all. Names of
 *	kubernetes.io, k8s.io and kentledge.io do not compete with others for that room; the few
 *	that our programs decide by do not need any.
 *	what the kind says that it does not read (struct kind, unread)
 *
 * What is left must be no more than OBJECT_TEXT_MAX, its labels, finalizers and owners no more than
 * OBJECT_METADATA_MAX each: else the object is not served, which its error says.
 */

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "kube/json_scan.h"
#include "kube/kind.h"

/* As large as an object that kubectl apply can write, whose annotation holds the object. */
#define OBJECT_TEXT_MAX (256u << 10)
#define OBJECT_METADATA_MAX (32u << 10)

/* Appends what is left to *ret_text. ERROR_INVALID if the text is no object, ERROR_EXHAUSTED if too
 * much is left. */
int object_text_prune(const struct kind *kind, const struct json_span *text, struct text *ret_text,
		      struct error *err);

/* The place and version of an object alone. */
int object_text_name(const struct json_span *text, struct text *ret_text, struct error *err);
