/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/pools_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/stop.h"
#include "base/text.h"
#include "disk/allowance.h"
#include "mount/path.h"
#include "pool/missing.h"
#include "pool/opening.h"
#include "pool/pulse.h"
#include "pool/room.h"
#include "pool/sharing.h"
#include "pool/trash.h"
#include "pool/unfinished.h"
#include "pool/visiting.h"
#include "record/layout.h"

#define START_PATIENCE_MS 10000 /* for one pool */
#define LATER_PATIENCE_MS 1000
#define SILENT "its disk does not answer; the pool is taken up when it does"

static struct pool_missing *add_missing(struct pools *pools, const struct pool_place *place,
					const char *id, const char *name, const char *reason)
{
	struct pool_missing *missing = pool_missing_new(name, place, id, reason);
	missing->next = pools->missing;
	pools->missing = missing;
	log_error("pool is missing; the others are served", LOG_TEXT("pool", name),
		  LOG_TEXT("reason", reason));
	return missing;
}

static bool is_there(struct pools *pools, const char *id)
{
	for (size_t i = 0; i < pools->count; i++)
		if (strcmp(pools->pools[i]->label.id, id) == 0)
			return true;
	return false;
}

/* A pool_opener. */
static int open_whole(const struct pool_opening_wish *wish, struct pool **ret_pool,
		      struct error *err)
{
	CLEANUP(pool_closep) struct pool *pool = NULL;
	if (pool_open(wish->place, wish->host, &pool, err) < 0 ||
	    pool_unfinished_discard(pool, err) < 0 || pool_room_count(pool, err) < 0)
		return -1;
	pool_sharing_look(pool, wish->kubelet_folder);
	*ret_pool = TAKE(pool);
	return 0;
}

static void take_in(struct pools *pools, struct pool *pool)
{
	pool->trash = trash_new();
	pool->pulse = pool_pulse_new(&pool->site, pool->volumes_fd);
	pool->visits.max = pools->visits_max;
	/* With one pool, calls wait for its disk: there is no other to be served. */
	pool->visits.pulse = pools->visits_max ? pool->pulse : NULL;
	pools->pools[pools->count] = pool;
	pools->count++; /* last: others look at what lies below it */
}

/* -1: it cannot be missed, since another process has it. Else it is there, or missing, or not what
 * this round is about. */
static int open_one(struct pools *pools, const struct pool_place *place, bool labelled,
		    struct error *err)
{
	struct pool *pool = NULL;
	struct error reason = { 0 };
	const struct pool_opening_wish wish = {
		.open = open_whole,
		.place = place,
		.host = pools->host,
		.kubelet_folder = pools->kubelet_folder,
		.kind = labelled ? POOL_OPENING_LABELLED : POOL_OPENING_NEW,
	};
	CLEANUP(pool_opening_freep) struct pool_opening *opening = pool_opening_begin(&wish, err);
	if (!opening)
		return -1;
	int outcome = pool_opening_await(opening, START_PATIENCE_MS, &pool, &reason);
	if (outcome == POOL_OPENING_DONE)
		take_in(pools, pool);
	else if (outcome == POOL_OPENING_SILENT)
		add_missing(pools, place, NULL, place->name, SILENT)->opening = TAKE(opening);
	else if (outcome < 0 && reason.code != ERROR_IN_USE)
		add_missing(pools, place, NULL, place->name, reason.text);
	if (outcome >= 0 || reason.code != ERROR_IN_USE)
		return 0;
	*err = reason;
	return -1;
}

struct labels {
	struct pools *pools;
	const struct pools_setup *setup;
};

/* A pool's folder may be missing with its disk; where that is mounted is there. */
static bool is_same_place(const char *path, const char *noted)
{
	struct mount_path place;
	CLEANUP_FREE char *there = realpath(path, NULL);
	if (there)
		return strcmp(there, noted) == 0;
	if (mount_path_resolve(path, "--pool", &place, NULL) == 0)
		return strcmp(place.text, noted) == 0;
	return true; /* it leads nowhere now, and may have led there, by a link to the disk */
}

/* Where the command line has it. Another place than the noted one is that of another pool. */
static const struct pool_place *place_of(const struct labels *labels,
					 const struct pool_label *label)
{
	for (size_t i = 0; i < labels->setup->count; i++) {
		const struct pool_place *place = &labels->setup->places[i];
		if (strcmp(place->name, label->name) == 0)
			return label->path[0] && !is_same_place(place->path, label->path) ? NULL
											  : place;
	}
	return NULL;
}

/* Why it is not there, and what can be done; yours. place is where it should be, or NULL. */
static char *explain(const struct labels *labels, const struct pool_label *label,
		     const struct pool_place *place)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	if (pools_find(labels->pools, label->name) && place)
		text_append_string(&text, "another pool has its name and place now. Bring its disk "
					  "back");
	else if (place)
		text_printf(&text, "nothing of it is at %s. Bring its disk back", place->path);
	else if (label->path[0])
		text_printf(&text,
			    "--pool does not name %s, where it was. Name it too, under any name "
			    "that is free",
			    label->path);
	else
		text_append_string(&text, "--pool does not name it. Name it again");
	text_printf(&text,
		    ", or, to give its volumes up, remove " LAYOUT_NEIGHBOURS
		    "/%s from the other pools",
		    label->id);
	if (labels->setup->notes_folder)
		text_printf(&text, ", and %s/" POOL_LABEL_NOTES "/%s", labels->setup->notes_folder,
			    label->id);
	return text_take(&text);
}

/* A label that a pool noted of another one, or the node. */
static void look_at_label(void *context, const struct pool_label *label)
{
	struct labels *labels = context;
	struct pools *pools = labels->pools;
	if (is_there(pools, label->id) || pool_missing_find(pools->missing, NULL, label->id))
		return;
	struct pool_missing *known = pool_missing_find(pools->missing, label->name, NULL);
	bool silent = known && known->opening;
	/* What is at a place that does not answer cannot be asked now: it is taken for this one,
	 * and looked at again when it answers. */
	const struct pool_place *place = silent ? NULL : place_of(labels, label);
	if (known && !known->id[0] && (place || silent)) {
		strcpy(known->id, label->id);
		return;
	}
	CLEANUP_FREE char *reason = explain(labels, label, place);
	add_missing(pools, known || pools_find(pools, label->name) ? NULL : place, label->id,
		    label->name, reason);
}

/* The node's notes first: they tell where a pool was, too. */
static void look_at_labels(struct pools *pools, const struct pools_setup *setup)
{
	struct labels labels = { .pools = pools, .setup = setup };
	struct error err = { 0 };
	if (pools->notes_fd >= 0 &&
	    pool_label_visit(pools->notes_fd, POOL_LABEL_NOTES, look_at_label, &labels, &err) < 0)
		log_warning("which pools this node had cannot be read", LOG_ERR(&err));
	for (size_t i = 0; i < pools->count; i++)
		if (pool_label_visit(pools->pools[i]->site.root_fd, LAYOUT_NEIGHBOURS,
				     look_at_label, &labels, &err) < 0)
			log_warning("neighbours of a pool cannot be read",
				    LOG_TEXT("pool", pools->pools[i]->site.name), LOG_ERR(&err));
}

static void introduce_to(struct pool *pool, struct pools *pools)
{
	CLEANUP_POOL_VISIT struct pool_visit visit = { 0 };
	/* A pool whose disk does not answer records it at the next start. */
	if (pool_visit_begin(&pool->visits, pool->site.name, &visit, NULL) < 0)
		return;
	for (size_t i = 0; i < pools->count; i++) {
		struct pool *other = pools->pools[i];
		struct error err = { 0 };
		if (other != pool && other->label.id[0] &&
		    pool_label_note(pool->site.root_fd, LAYOUT_NEIGHBOURS, &other->label, &err) < 0)
			log_warning("a pool cannot be recorded at its neighbour",
				    LOG_TEXT("pool", other->site.name), LOG_ERR(&err));
	}
}

static void note(const struct pools *pools, const struct pool *pool)
{
	struct error err = { 0 };
	struct pool_label label = pool->label;
	if (pools->notes_fd < 0 || !label.id[0])
		return;
	if (strlen(pool->site.path) < sizeof(label.path))
		strcpy(label.path, pool->site.path);
	if (pool_label_note(pools->notes_fd, POOL_LABEL_NOTES, &label, &err) < 0)
		log_warning("a pool cannot be recorded on its node",
			    LOG_TEXT("pool", pool->site.name), LOG_ERR(&err));
}

static void introduce_all(struct pools *pools)
{
	for (size_t i = 0; i < pools->count; i++) {
		introduce_to(pools->pools[i], pools);
		note(pools, pools->pools[i]);
	}
}

/* Without it what the neighbours know has to do. */
static void open_notes(struct pools *pools, const char *folder)
{
	pools->notes_fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (folder && pools->notes_fd < 0)
		log_warning("the pools of this node cannot be recorded", LOG_TEXT("folder", folder),
			    LOG_TEXT("reason", strerror(errno)));
}

static bool is_missing_there(struct pools *pools, const struct pool_place *place)
{
	for (const struct pool_missing *missing = pools->missing; missing; missing = missing->next)
		if (missing->path && strcmp(missing->path, place->path) == 0)
			return true;
	return false;
}

/* In two rounds: the labels of those that are there name the others that must not be made again. */
static int open_round(struct pools *pools, const struct pools_setup *setup, bool labelled,
		      struct error *err)
{
	for (size_t i = 0; i < setup->count; i++) {
		const struct pool_place *place = &setup->places[i];
		if (pools_find(pools, place->name) || is_missing_there(pools, place))
			continue;
		if (open_one(pools, place, labelled, err) < 0)
			return -1;
	}
	return 0;
}

static bool has_id(const struct pool_missing *missing, const struct pool *pool)
{
	return !missing->id[0] || strcmp(pool->label.id, missing->id) == 0;
}

/* Why it is missing may have changed since it was found missing: its errors name it. */
static void tell_why(struct pools *pools, struct pool_missing *missing, const char *reason)
{
	if (missing->reason && strcmp(missing->reason, reason) == 0)
		return;
	log_warning("pool still missing", LOG_TEXT("pool", missing->name),
		    LOG_TEXT("reason", reason));
	pthread_mutex_lock(&pools->mutex);
	free(missing->reason);
	missing->reason = must_strdup(reason);
	pthread_mutex_unlock(&pools->mutex);
}

/* A place without a label is a pool yet to be made, unless a neighbour knew it; and another pool in
 * its place does not bring its volumes back. An opening that is under way continues. */
static bool comes_back(struct pools *pools, struct pool_missing *missing)
{
	if (!missing->path)
		return false;
	const struct pool_place place = { .name = missing->name,
					  .path = missing->path,
					  .order = missing->order,
					  .reserve_percent = missing->reserve_percent };
	const struct pool_opening_wish wish = { .open = open_whole,
						.place = &place,
						.host = pools->host,
						.kubelet_folder = pools->kubelet_folder,
						.kind = POOL_OPENING_ANY,
						.id = missing->id };
	struct error reason = { 0 };
	CLEANUP(pool_closep) struct pool *pool = NULL;
	CLEANUP(pool_opening_freep) struct pool_opening *opening = TAKE(missing->opening);
	if (!opening)
		opening = pool_opening_begin(&wish, &reason);
	int outcome = opening ? pool_opening_await(opening, LATER_PATIENCE_MS, &pool, &reason) : -1;
	if (outcome == POOL_OPENING_SILENT)
		missing->opening = TAKE(opening);
	if (outcome < 0)
		tell_why(pools, missing, reason.text);
	if (outcome != POOL_OPENING_DONE || !has_id(missing, pool))
		return false;
	take_in(pools, TAKE(pool));
	return true;
}

/* After it is there: until then, calls that do not find a volume get ERROR_UNAVAILABLE. */
static void take_off(struct pools *pools, struct pool_missing **at)
{
	struct pool_missing *missing = *at;
	pthread_mutex_lock(&pools->mutex);
	/* It may have what lies in another one too. */
	whereabouts_clear(&pools->whereabouts);
	*at = missing->next;
	pthread_mutex_unlock(&pools->mutex);
	log_info("pool is back", LOG_TEXT("pool", missing->name));
	pool_missing_free(missing);
}

bool pools_are_opening(const struct pools *pools)
{
	for (const struct pool_missing *missing = pools->missing; missing; missing = missing->next)
		if (missing->opening)
			return true;
	return false;
}

/* Only this changes the list, so it is walked without the mutex: a disk that hangs must not keep
 * the calls waiting that take it. */
static unsigned take_those_back(struct pools *pools)
{
	unsigned back = 0;
	for (struct pool_missing **at = &pools->missing; *at;) {
		if (!comes_back(pools, *at)) {
			at = &(*at)->next;
			continue;
		}
		take_off(pools, at);
		back++;
	}
	return back;
}

unsigned pools_look_again(struct pools *pools)
{
	unsigned back = take_those_back(pools);
	if (back)
		introduce_all(pools);
	return back;
}

/* Without any pool there is nothing to be served: then one is waited for. */
static int require_one(struct pools *pools, struct error *err)
{
	if (pools->count == 0 && pools_are_opening(pools))
		log_warning(
			"no pool is there but those whose disks do not answer; waiting for them");
	while (pools->count == 0 && pools_are_opening(pools) && !stop_is_requested())
		take_those_back(pools);
	if (pools->count)
		return 0;
	if (stop_is_requested())
		return error_set(err, ERROR_CANCELLED, "stopped before any disk answered");
	return error_set(err, ERROR_UNAVAILABLE, "no pool is there: %s",
			 pools->missing ? pools->missing->reason : "none is named");
}

int pools_open(const struct pools_setup *setup, struct pools **ret_pools, struct error *err)
{
	CLEANUP(pools_closep) struct pools *pools = must_alloc(sizeof(*pools));
	pools->host = setup->host;
	pools->policy = setup->policy;
	pools->kubelet_folder = setup->kubelet_folder;
	pools->visits_max = setup->count > 1 ? setup->visits_max : 0;
	allowance_leave_some(setup->count > 1);
	locks_init(&pools->locks);
	pools->node = setup->node ? setup->node : &node_settings_none;
	pthread_mutex_init(&pools->mutex, NULL);
	open_notes(pools, setup->notes_folder);
	if (open_round(pools, setup, true, err) < 0)
		return -1;
	look_at_labels(pools, setup);
	if (open_round(pools, setup, false, err) < 0)
		return -1;
	if (require_one(pools, err) < 0)
		return -1;
	introduce_all(pools);
	visiting_init(pools);
	*ret_pools = TAKE(pools);
	return 0;
}
