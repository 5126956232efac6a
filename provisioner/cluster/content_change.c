/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/content_change.h"

#include "base/same.h"
#include "cluster/snapshot_node.h"

static const char *note(const struct object *content, const char *key)
{
	return pairs_get(&content->annotations, key);
}

/* We note the node together with being-created. An administrator may note another one later. */
static bool node_differs(const struct content_words *words, const struct object *before,
			 const struct object *after)
{
	bool begins = !note(before, words->being_created) && note(after, words->being_created);
	return !begins && snapshot_node_differs(before, after);
}

/* An administrator may take being-created off where no answer can be had any more. */
static bool was_given_up(const struct content_words *words, const struct object *before,
			 const struct object *after)
{
	return after->deleted_s && note(before, words->being_created) &&
	       !note(after, words->being_created);
}

/* The generation counts changes of the spec. */
bool content_change_counts(const struct content_words *words, const struct object *before,
			   const struct object *after)
{
	return !before || !same_or_none(before->uid, after->uid) ||
	       before->generation != after->generation || before->deleted_s != after->deleted_s ||
	       !same_or_none(note(before, words->being_deleted),
			     note(after, words->being_deleted)) ||
	       node_differs(words, before, after) || was_given_up(words, before, after);
}
