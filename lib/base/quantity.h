/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Kubernetes quantities of bytes: "1Gi", "500M", "1.5Gi", "1e9", "100m".
 * (Kubernetes API conventions, resource.Quantity.)
 */

#include <stdint.h>

#include "base/error.h"

#define QUANTITY_TEXT_MAX 24

/* Rounded up to whole bytes, as Quantity.Value() does. ERROR_INVALID for what is not a quantity or
 * is negative, ERROR_RANGE for more than INT64_MAX bytes. */
int quantity_parse_bytes(const char *text, uint64_t *ret_bytes, struct error *err);

/* The shortest exact form: "1Gi" for 1073741824, "1500" for 1500. */
void quantity_format_bytes(uint64_t bytes, char text[static QUANTITY_TEXT_MAX]);

/* Rounded down to three binary digits ("640Mi", "5Gi"), so that a text with it stays the same while
 * the bytes change little: events with equal texts are counted as one. */
void quantity_format_about(uint64_t bytes, char text[static QUANTITY_TEXT_MAX]);
