/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is seen of a group (group/sight.h), and what is decided about it (group/plan.h).
 */

#include "base/error.h"
#include "cluster/group_class.h"
#include "cluster/group_content.h"
#include "cluster/group_snapshot.h"
#include "cluster/persistent_volume.h"
#include "cluster/snapshot.h"
#include "cluster/snapshot_content.h"
#include "kube/claim.h"

/* A claim of which a member is to be made. */
struct group_choice {
	const struct claim *claim;
	const struct persistent_volume *volume; /* NULL: it is not there */
};

/* A member; NULL: it is not there. */
struct group_part {
	const struct group_member *member; /* NULL: known by its snapshot alone */
	const struct snapshot *snapshot;
	const struct snapshot_content *content;
	const struct persistent_volume *volume;
	const struct claim *restored_to; /* a pending claim that is made from it */
	bool ending; /* what is left of it, its snapshot or content, has just been deleted */
};

/* What is seen of a group at one moment; NULL: it is not there. */
struct group_view {
	const struct group_snapshot *group;
	const struct group_class *class; /* the one it names */
	const struct group_class *default_class;
	unsigned default_count; /* classes of our driver that are the default */
	bool foreign_classes;	/* there are classes of other drivers */

	/* The content that it is bound to, or names, or that would be made for it. */
	const struct group_content *content;

	/* Without a content: the claims that the selector matches. While the group is cut: those of
	 * the content. In the order of the volumes' handles. */
	struct group_choice *choices;
	size_t choice_count;

	/* Without a content: why there is no one node that has all of their volumes; code 0: there
	 * is one. */
	struct error apart;

	/* Once the group is cut, and until it is ready: its members. When it is being deleted:
	 * those that are there. */
	struct group_part *parts;
	size_t part_count;
};

enum group_decision {
	GROUP_IGNORE,
	GROUP_PREPARE,	      /* its finalizer, and the default class */
	GROUP_PROTECT_CLAIM,  /* the finalizer of a choice's claim */
	GROUP_CREATE_CONTENT, /* of the plan's class */
	GROUP_BIND_CONTENT,   /* the group's uid, into the content */
	GROUP_WRITE_STATUS,   /* what the content and the members say */

	GROUP_MAKE_MEMBER,	    /* a part's snapshot */
	GROUP_MAKE_MEMBER_CONTENT,  /* a part's content */
	GROUP_BIND_MEMBER,	    /* the snapshot's uid, into a part's content */
	GROUP_WRITE_MEMBER_CONTENT, /* the status of a part's content */
	GROUP_WRITE_MEMBER,	    /* the status of a part's snapshot */

	GROUP_MARK_CONTENT,	     /* it is being deleted */
	GROUP_RELEASE_MEMBER,	     /* take the group's finalizer off a part's snapshot */
	GROUP_DELETE_MEMBER,	     /* a part's snapshot */
	GROUP_DELETE_MEMBER_CONTENT, /* a part's content */
	GROUP_DELETE_CONTENT,
	GROUP_RELEASE, /* take its finalizer off */
	GROUP_FAIL,    /* the status and an event say why; try again */
	GROUP_PENDING, /* an event says why it is not deleted yet; try again */
};

struct group_plan {
	enum group_decision decision;
	size_t index;			 /* of the choice or part */
	const struct group_class *class; /* CREATE_CONTENT, PREPARE; may be NULL */
	bool names_class;		 /* PREPARE: write its name into the group */
	bool ready;			 /* WRITE_STATUS: readyToUse */
	bool is_misbound;		 /* FAIL: the content is another group's */
	const char *reason;		 /* of the event */
	struct error error;		 /* FAIL, PENDING */
};
