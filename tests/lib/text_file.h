/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files with a short text, below a folder that is open; where something is wrong the test fails. */

/* A new file, or one written from its beginning. */
void text_file_write(int folder_fd, const char *name, const char *text);

/* It has this text, and is not a link. */
void text_file_check(int folder_fd, const char *name, const char *text);
