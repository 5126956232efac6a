/* SPDX-License-Identifier: Apache-2.0 */
#include "capacity/question.h"

#include <string.h>
#include <strings.h>

#include "apply/node_call.h"
#include "cluster/class.h"
#include "cluster/secret_key.h"
#include "csi/client.h"

/* A node that does not answer holds one worker for so long. */
#define TIMEOUT_MS 2000

struct question {
	struct pairs parameters;
	struct csi_capability capability;
	uint64_t free_bytes;
	uint64_t maximum_bytes;
};

/* As for CreateVolume: what is the provisioner's own stays out, and the file system is part of the
 * capability. */
static struct question *question_of(const struct class *class, struct arena *arena)
{
	struct question *question = arena_alloc(arena, sizeof(*question));
	question->capability.access_mode = CSI_SINGLE_NODE_MULTI_WRITER;
	for (size_t i = 0; i < class->parameters.count; i++) {
		const struct pair *pair = &class->parameters.items[i];
		struct secret_key secret;
		if (secret_key_find(pair->key, &secret))
			continue;
		if (strcmp(pair->key, CSI_PARAMETER_FS_TYPE) == 0 ||
		    strcasecmp(pair->key, "fstype") == 0)
			question->capability.fs_type = pair->value[0] ? pair->value : NULL;
		else if (strncmp(pair->key, CSI_PARAMETER_PREFIX, strlen(CSI_PARAMETER_PREFIX)) !=
			 0)
			pairs_set(&question->parameters, arena, pair->key, pair->value);
	}
	return question;
}

static bool same_question(const struct question *a, const struct question *b)
{
	const char *x = a->capability.fs_type, *y = b->capability.fs_type;
	return pairs_equal(&a->parameters, &b->parameters) &&
	       (x == y || (x && y && strcmp(x, y) == 0));
}

static int send(struct rpc_channel *rpc, uint32_t timeout_ms, void *context, struct error *err)
{
	struct question *question = context;
	return csi_get_capacity(rpc, &question->parameters, &question->capability, timeout_ms,
				&question->free_bytes, &question->maximum_bytes, err);
}

static int ask(const struct applier *applier, const char *node, struct question *question,
	       struct room *ret_room, struct error *err)
{
	int r = node_call(applier,
			  &(struct node_call) { .node = node,
						.method = "GetCapacity",
						.timeout_ms = TIMEOUT_MS,
						.send = send,
						.context = question },
			  err);
	if (r < 0 && err->code != ERROR_INVALID)
		return -1;
	*ret_room = (struct room) {
		.has_capacity = true,
		.capacity_bytes = r < 0 ? CAPACITY_ANYTHING : question->free_bytes,
		/* 0 of no room is a maximum too; else it means that the driver names none. */
		.has_maximum = r == 0 && (question->maximum_bytes > 0 || question->free_bytes == 0),
		.maximum_bytes = question->maximum_bytes,
	};
	return 0;
}

static const struct capacity_class *find_same(struct question *const *questions,
					      const struct capacity_class *answers, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (answers[i].answered && same_question(questions[i], questions[at]))
			return &answers[i];
	return NULL;
}

static bool is_silence(const struct error *err)
{
	return err->code == ERROR_UNAVAILABLE || err->code == ERROR_TIMEOUT ||
	       err->code == ERROR_CANCELLED;
}

enum question_outcome question_ask(const struct applier *applier, const char *node,
				   const struct object_list *classes,
				   struct capacity_class *answers, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct question **questions = arena_alloc(arena, classes->count * sizeof(*questions));
	enum question_outcome outcome = QUESTION_ANSWERED;
	for (size_t i = 0; i < classes->count; i++) {
		struct capacity_class *answer = &answers[i];
		answer->name = classes->items[i]->name;
		questions[i] = question_of(class_of(classes->items[i]), arena);
		const struct capacity_class *same = find_same(questions, answers, i);
		if (same)
			answer->room = same->room;
		/* Each call to a node that does not answer would take the whole time again. */
		else if (outcome == QUESTION_SILENT)
			continue;
		else if (ask(applier, node, questions[i], &answer->room, err) < 0) {
			outcome = is_silence(err) ? QUESTION_SILENT : QUESTION_FAILED;
			continue;
		}
		answer->answered = true;
	}
	return outcome;
}
