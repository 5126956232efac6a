/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_place.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static int check_name(const char *name, struct error *err)
{
	size_t length = strlen(name);
	if (length == 0 || length > POOL_PLACE_NAME_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
		return error_set(err, ERROR_INVALID,
				 "\"%s\" is no name of a pool: 1 to %d of a-z, 0-9 and -", name,
				 POOL_PLACE_NAME_MAX);
	return 0;
}

static int check_unique(const struct pool_places *places, const struct pool_place *place,
			struct error *err)
{
	for (size_t i = 0; i < places->count; i++)
		if (strcmp(places->places[i].name, place->name) == 0 ||
		    strcmp(places->places[i].path, place->path) == 0)
			return error_set(err, ERROR_INVALID, "pool %s=%s is there twice",
					 place->name, place->path);
	return 0;
}

/* "name=/folder", or a folder alone. */
static int read_place(char *item, struct pool_places *places, struct error *err)
{
	struct pool_place place = { .name = POOL_DEFAULT_NAME, .path = item };
	char *equals = item[0] == '/' ? NULL : strchr(item, '=');
	if (equals) {
		*equals = '\0';
		place = (struct pool_place) { .name = item, .path = equals + 1 };
	}
	if (place.path[0] != '/')
		return error_set(err, ERROR_INVALID, "\"%s\" is not an absolute path", place.path);
	if (check_name(place.name, err) < 0 || check_unique(places, &place, err) < 0)
		return -1;
	if (places->count == POOLS_MAX)
		return error_set(err, ERROR_INVALID, "more than %d pools", POOLS_MAX);
	places->places[places->count++] = place;
	return 0;
}

int pool_places_parse(const char *text, struct pool_places *ret_places, struct error *err)
{
	struct pool_places places CLEANUP(pool_places_done) = { .text = must_strdup(text) };
	char *rest = places.text;
	for (char *item; (item = strsep(&rest, ","));)
		if (read_place(item, &places, err) < 0)
			return -1;
	*ret_places = places;
	places.text = NULL;
	return 0;
}

void pool_places_done(struct pool_places *places)
{
	free(places->text);
	places->text = NULL;
}
