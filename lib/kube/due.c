/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/due.h"

#include <stdlib.h>

#include "base/text.h"

void dues_done(struct dues *dues)
{
	free(dues->items);
	*dues = (struct dues) { 0 };
}

static void put_at(struct dues *dues, size_t place, struct due *due)
{
	dues->items[place] = due;
	due->place = place;
}

static void sift_up(struct dues *dues, struct due *due)
{
	size_t place = due->place;
	while (place > 0 && dues->items[(place - 1) / 2]->at_us > due->at_us) {
		put_at(dues, place, dues->items[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put_at(dues, place, due);
}

static void sift_down(struct dues *dues, struct due *due)
{
	size_t place = due->place;
	for (;;) {
		size_t child = 2 * place + 1;
		if (child >= dues->count)
			break;
		if (child + 1 < dues->count &&
		    dues->items[child + 1]->at_us < dues->items[child]->at_us)
			child++;
		if (dues->items[child]->at_us >= due->at_us)
			break;
		put_at(dues, place, dues->items[child]);
		place = child;
	}
	put_at(dues, place, due);
}

void due_add(struct dues *dues, struct due *due, uint64_t at_us)
{
	if (due->at_us && due->at_us <= at_us)
		return;
	if (!due->at_us) {
		if (dues->count == dues->capacity) {
			dues->capacity += dues->capacity / 2 + 16;
			dues->items =
				must_realloc(dues->items, dues->capacity * sizeof(*dues->items));
		}
		put_at(dues, dues->count++, due);
	}
	due->at_us = at_us;
	sift_up(dues, due);
}

uint64_t dues_next_us(const struct dues *dues)
{
	return dues->count ? dues->items[0]->at_us : UINT64_MAX;
}

struct due *dues_take(struct dues *dues, uint64_t now_us)
{
	if (dues_next_us(dues) > now_us || !dues->count)
		return NULL;
	struct due *due = dues->items[0];
	struct due *last = dues->items[--dues->count];
	if (last != due) {
		last->place = 0;
		sift_down(dues, last);
	}
	due->at_us = 0;
	return due;
}
