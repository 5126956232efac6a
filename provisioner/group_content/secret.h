/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The Secrets that the calls for a group bring (apply/secret.h). Which one it is to make and to
 * delete the group, the controller's part has written on the content, so that it is known after the
 * class is gone; the class counts where nothing is written.
 */

#include "apply/applier.h"
#include "group_content/view.h"
#include "kube/secret_data.h"

/* *ret_data as of secret_fetch(). ERROR_INVALID, ERROR_INTERNAL and ERROR_FORBIDDEN: what is wrong
 * with the Secret. */
int group_content_secret_to_create(const struct applier *applier,
				   const struct group_content_view *view,
				   struct secret_data *ret_data, struct error *err);
int group_content_secret_to_look(const struct applier *applier,
				 const struct group_content_view *view,
				 struct secret_data *ret_data, struct error *err);
int group_content_secret_to_delete(const struct applier *applier,
				   const struct group_content *content,
				   struct secret_data *ret_data, struct error *err);
