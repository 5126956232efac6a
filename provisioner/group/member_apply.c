/* SPDX-License-Identifier: Apache-2.0 */
#include "group/member_apply.h"

#include "group/manifest.h"
#include "group/patch.h"
#include "kube/json.h"

/* 1: it cannot be made. */
static int judge_refusal(int r, const struct error *err)
{
	return r < 0 && (err->code == ERROR_INVALID || err->code == ERROR_FORBIDDEN) ? 1 : r;
}

/* It goes by its own role, which may take a while. */
static int delete_member(const struct placer *placer, struct group_part_sight *part,
			 struct error *err)
{
	part->ending = place_delete(placer, part->snapshot, err) == 0;
	return part->ending ? 0 : -1;
}

int group_member_apply(const struct placer *placer, struct group_sight *sight,
		       const struct group_plan *plan, struct error *err)
{
	struct group_part_sight *part = &sight->parts[plan->index];
	const struct group_view *view = &sight->view;
	const struct group_part *seen = &view->parts[plan->index];
	switch (plan->decision) {
	case GROUP_MAKE_MEMBER:
		return judge_refusal(place_create(placer, &part->snapshot, &snapshot_kind,
						  group_manifest_member(view, seen), err),
				     err);
	case GROUP_MAKE_MEMBER_CONTENT:
		return judge_refusal(place_create(placer, &part->content, &snapshot_content_kind,
						  group_manifest_member_content(view, seen), err),
				     err);
	case GROUP_BIND_MEMBER:
		return place_merge(placer, &part->content, group_patch_bind_member(seen), err);
	case GROUP_WRITE_MEMBER_CONTENT:
		return place_merge_status(placer, &part->content,
					  group_patch_member_content(view, seen), err);
	case GROUP_WRITE_MEMBER:
		return place_merge_status(placer, &part->snapshot, group_patch_member(view, seen),
					  err);
	case GROUP_RELEASE_MEMBER:
		return place_merge(placer, &part->snapshot,
				   group_patch_without(part->snapshot, SNAPSHOT_GROUP_FINALIZER),
				   err);
	case GROUP_DELETE_MEMBER:
		return delete_member(placer, part, err);
	default:
		return 0;
	}
}
