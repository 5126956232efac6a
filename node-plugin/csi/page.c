/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/page.h"

#include <string.h>

#include "record/id.h"

#define TOKEN_MARK "after:"

static int read_token(const char *token, const char **ret_after, struct error *err)
{
	size_t mark_length = strlen(TOKEN_MARK);
	const char *after = token + mark_length;
	if (strncmp(token, TOKEN_MARK, mark_length) != 0 || !id_is_valid(after))
		return error_set(err, ERROR_BUSY,
				 "starting_token \"%s\" is not one of ours; begin without one",
				 token);
	*ret_after = after;
	return 0;
}

int csi_page_read(int32_t max_entries, const char *starting_token, struct csi_page *ret_page,
		  struct error *err)
{
	struct csi_page page = { .after = "", .max = max_entries ? (size_t)max_entries : SIZE_MAX };
	if (max_entries < 0)
		return error_set(err, ERROR_INVALID, "max_entries is negative");
	if (starting_token[0] && read_token(starting_token, &page.after, err) < 0)
		return -1;
	*ret_page = page;
	return 0;
}

char *csi_page_token(struct arena *arena, const char *id)
{
	return arena_printf(arena, TOKEN_MARK "%s", id);
}
