/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/template_meaning.h"

#include <pthread.h>
#include <string.h>
#include <uthash.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "set/revision_data.h"

#define MEANINGS_MAX 4096

struct entry {
	UT_hash_handle hh;
	char key[];
};

struct template_meanings {
	pthread_mutex_t lock;
	struct entry *entries; /* uthash keeps the order of insertion */
};

struct template_meanings *template_meanings_new(void)
{
	struct template_meanings *meanings = must_alloc(sizeof(*meanings));
	pthread_mutex_init(&meanings->lock, NULL);
	return meanings;
}

static void drop(struct template_meanings *meanings, struct entry *entry)
{
	HASH_DEL(meanings->entries, entry);
	free(entry);
}

void template_meanings_free(struct template_meanings *meanings)
{
	if (!meanings)
		return;
	while (meanings->entries)
		drop(meanings, meanings->entries);
	pthread_mutex_destroy(&meanings->lock);
	free(meanings);
}

static bool is_known(struct template_meanings *meanings, const char *key)
{
	struct entry *entry;
	pthread_mutex_lock(&meanings->lock);
	HASH_FIND_STR(meanings->entries, key, entry);
	pthread_mutex_unlock(&meanings->lock);
	return entry != NULL;
}

static void note(struct template_meanings *meanings, const char *key)
{
	struct entry *entry;
	pthread_mutex_lock(&meanings->lock);
	HASH_FIND_STR(meanings->entries, key, entry);
	if (!entry) {
		if (HASH_COUNT(meanings->entries) >= MEANINGS_MAX)
			drop(meanings, meanings->entries);
		entry = must_alloc(sizeof(*entry) + strlen(key) + 1);
		strcpy(entry->key, key);
		HASH_ADD_STR(meanings->entries, key, entry);
	}
	pthread_mutex_unlock(&meanings->lock);
}

struct pod_template {
	struct object object;
	const char *data; /* as a revision would hold it */
};

static int parse(struct object *object, struct json_object *json, struct error *err)
{
	struct pod_template *template = (struct pod_template *)object;
	struct json_object *content;
	if (json_read_object(json, "template", &content, err) < 0)
		return -1;
	CLEANUP_FREE char *data = revision_data_of_template(content);
	template->data = arena_strdup(object->arena, data);
	return 0;
}

static const struct kind pod_template_kind = {
	.api_version = "v1",
	.name = "PodTemplate",
	.plural = "podtemplates",
	.namespaced = true,
	.size = sizeof(struct pod_template),
	.parse = parse,
};

static int ask(const struct applier *applier, const struct statefulset *set,
	       const struct revision *older, bool *ret_same, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *body = object_json(&pod_template_kind, set->object.namespace, NULL);
	CLEANUP(object_unrefp) struct object *answer = NULL;
	json_set_string(json_child(body, "metadata"), "generateName", "kentledge-");
	json_set(body, "template", revision_data_template(older->data));
	if (applier_may_act(applier, err) < 0 ||
	    kube_create_dry_run(applier->client, &pod_template_kind, set->object.namespace, body,
				&answer, err) < 0)
		return -1;
	*ret_same =
		revision_data_same(((const struct pod_template *)answer)->data, set->template_data);
	return 0;
}

static bool is_final(const struct error *err)
{
	return err->code != ERROR_TIMEOUT && err->code != ERROR_UNAVAILABLE &&
	       err->code != ERROR_CANCELLED && err->code != ERROR_EXHAUSTED;
}

int template_means_same(const struct applier *applier, const struct statefulset *set,
			const struct revision *older, bool *ret_same, struct error *err)
{
	CLEANUP_FREE char *key =
		must_printf("%s/%016lx", older->object.uid, hash_text(set->template_data));
	*ret_same = is_known(applier->meanings, key);
	if (*ret_same)
		return 0;
	if (ask(applier, set, older, ret_same, err) < 0) {
		if (!is_final(err))
			return error_prefix(err, "can't compare revision %s with the template",
					    older->object.name);
		log_warning("revision not compared by meaning",
			    LOG_TEXT("revision", older->object.name),
			    LOG_NAME("set", set->object.namespace, set->object.name), LOG_ERR(err));
		return 0;
	}
	if (*ret_same) {
		note(applier->meanings, key);
		log_info("revision means the same as the template",
			 LOG_TEXT("revision", older->object.name),
			 LOG_NAME("set", set->object.namespace, set->object.name));
	}
	return 0;
}
