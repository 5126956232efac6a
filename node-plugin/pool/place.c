/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/place.h"

#include <stdbool.h>
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
	struct pool_place place = { .name = POOL_DEFAULT_NAME,
				    .path = item,
				    .order = (unsigned)places->count,
				    .reserve_percent = POOL_RESERVE_AUTO };
	char *equals = item[0] == '/' ? NULL : strchr(item, '=');
	if (equals) {
		*equals = '\0';
		place.name = item;
		place.path = equals + 1;
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
	CLEANUP(pool_places_done) struct pool_places places = { .text = must_strdup(text) };
	char *rest = places.text;
	for (char *item; (item = strsep(&rest, ","));)
		if (read_place(item, &places, err) < 0)
			return -1;
	*ret_places = places;
	places.text = NULL;
	return 0;
}

static int read_percent(const char *text, unsigned *ret_percent, struct error *err)
{
	char *end = NULL;
	unsigned long percent = strtoul(text, &end, 10);
	if (strcmp(text, "auto") == 0) {
		*ret_percent = POOL_RESERVE_AUTO;
		return 0;
	}
	if (text[0] < '0' || text[0] > '9' || *end || percent > POOL_RESERVE_PERCENT_MAX)
		return error_set(err, ERROR_INVALID,
				 "\"%s\" is neither auto nor a number from 0 to %d", text,
				 POOL_RESERVE_PERCENT_MAX);
	*ret_percent = (unsigned)percent;
	return 0;
}

static int read_reserve(struct pool_places *places, char *item, struct error *err)
{
	unsigned percent = 0;
	char *equals = strchr(item, '=');
	if (read_percent(equals ? equals + 1 : item, &percent, err) < 0)
		return -1;
	if (equals)
		*equals = '\0';
	bool found = !equals;
	for (size_t i = 0; i < places->count; i++)
		if (!equals || strcmp(places->places[i].name, item) == 0) {
			places->places[i].reserve_percent = percent;
			found = true;
		}
	if (!found)
		return error_set(err, ERROR_INVALID, "no pool has the name \"%s\"", item);
	return 0;
}

int pool_places_read_reserve(struct pool_places *places, const char *text, struct error *err)
{
	CLEANUP_FREE char *copy = must_strdup(text);
	char *rest = copy;
	for (char *item; (item = strsep(&rest, ","));)
		if (read_reserve(places, item, err) < 0)
			return -1;
	return 0;
}

void pool_places_done(struct pool_places *places)
{
	free(places->text);
	places->text = NULL;
}
