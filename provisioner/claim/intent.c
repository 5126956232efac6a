/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/intent.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "kube/json.h"
#include "kube/verbs.h"

#define DROP_TRIES 5

static struct json_object *take_patch(const struct claim *claim, const struct claim_plan *plan)
{
	struct json_object *patch = metadata_patch_add(&claim->object, CLAIM_INTENT_FINALIZER,
						       CLAIM_INTENT_ANNOTATION, plan->node);
	if (plan->unselect)
		json_set(json_find(patch, "metadata.annotations"), CLAIM_SELECTED_NODE_ANNOTATION,
			 NULL);
	return patch;
}

int claim_intent_take(const struct applier *applier, const struct claim *claim,
		      const struct claim_plan *plan, struct object **ret_claim, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = take_patch(claim, plan);
	CLEANUP(object_unrefp) struct object *noted = NULL;
	if (applier_merge(applier, &claim->object, patch, &noted, err) < 0)
		return -1;
	/* A mutating webhook may answer with success and write another object. */
	const char *noted_node = claim_intent_node(claim_of(noted));
	if (!noted_node || strcmp(noted_node, plan->node) != 0)
		return error_set(err, ERROR_FORBIDDEN,
				 "the finalizer " CLAIM_INTENT_FINALIZER
				 " and the annotation " CLAIM_INTENT_ANNOTATION
				 " do not stay on the claim, and no volume "
				 "is made without them: does a mutating webhook remove them?");
	*ret_claim = TAKE(noted);
	return 0;
}

static struct json_object *drop_patch(const struct claim *claim, bool unselect)
{
	const struct object *object = &claim->object;
	struct json_object *patch = metadata_patch_new(object);
	metadata_patch_remove_finalizer(patch, object, CLAIM_INTENT_FINALIZER);
	metadata_patch_remove_annotation(patch, object, CLAIM_INTENT_ANNOTATION);
	if (unselect)
		metadata_patch_remove_annotation(patch, object, CLAIM_SELECTED_NODE_ANNOTATION);
	return patch;
}

static int try_drop(const struct applier *applier, const struct claim *claim, bool unselect,
		    struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = drop_patch(claim, unselect);
	if (metadata_patch_is_empty(patch))
		return 0;
	return applier_edit(applier, &claim->object, patch, err);
}

static bool changed_meanwhile(const struct error *err)
{
	return err->code == ERROR_INVALID || err->code == ERROR_CONFLICT;
}

/* *unselect is cleared if the scheduler has chosen again: that choice is not ours to take back. */
static int read_again(const struct applier *applier, const struct claim *claim,
		      struct object **ret_claim, bool *unselect, struct error *err)
{
	const char *key = CLAIM_SELECTED_NODE_ANNOTATION;
	if (kube_get(applier->client, &claim_kind, claim->object.namespace, claim->object.name,
		     ret_claim, err) < 0)
		return -1;
	const char *before = pairs_get(&claim->object.annotations, key);
	const char *now = pairs_get(&(*ret_claim)->annotations, key);
	*unselect = *unselect && before && now && strcmp(before, now) == 0;
	return 0;
}

int claim_intent_drop(const struct applier *applier, const struct claim *claim, bool unselect,
		      struct error *err)
{
	CLEANUP(object_unrefp) struct object *newer = NULL;
	const struct claim *current = claim;
	struct error why;
	int r = try_drop(applier, current, unselect, &why);
	for (int i = 1; r < 0 && changed_meanwhile(&why) && i < DROP_TRIES; i++) {
		object_unref(TAKE(newer));
		r = read_again(applier, claim, &newer, &unselect, &why);
		if (r < 0)
			break;
		current = claim_of(newer);
		/* Another claim of the same name. */
		if (strcmp(newer->uid, claim->object.uid) != 0)
			return 0;
		r = try_drop(applier, current, unselect, &why);
	}
	if (r < 0 && why.code == ERROR_NOT_FOUND)
		return 0;
	return r < 0 ? error_set(err, why.code, "%s", why.text) : 0;
}
