/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/object_text.h"

#include <stdio.h>
#include <string.h>

#define ANNOTATION_MAX (4u << 10)
#define ANNOTATIONS_MAX (16u << 10)
#define PATH_MAX_BYTES 128

struct pruner {
	struct json_scan scan;
	const char *const *unread; /* paths that are dropped; NULL: none */
	bool name_only;
	struct text *out;
	size_t annotations_bytes[2]; /* kept so far: of others, of those that Kubernetes and we use
				      */
	struct error *err;
};

static int malformed(struct pruner *pruner)
{
	return error_set(pruner->err, ERROR_INVALID, "the text is cut off or no object at byte %zu",
			 pruner->scan.at);
}

static bool is_listed(const char *const *paths, const char *path)
{
	for (; paths && *paths; paths++)
		if (strcmp(*paths, path) == 0)
			return true;
	return false;
}

/* Some listed path lies below this one. */
static bool leads_to(const char *const *paths, const char *path)
{
	size_t length = strlen(path);
	for (; paths && *paths; paths++)
		if (strncmp(*paths, path, length) == 0 && (*paths)[length] == '.')
			return true;
	return false;
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	size_t end_length = strlen(end);
	return length >= end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

/* "volume.kubernetes.io/selected-node" and the like. */
static bool is_of_kubernetes(const struct json_span *name)
{
	const char *slash = memchr(name->text, '/', name->length);
	size_t length = slash ? (size_t)(slash - name->text) : 0;
	return ends_with(name->text, length, "kubernetes.io") ||
	       ends_with(name->text, length, "k8s.io") ||
	       ends_with(name->text, length, "kentledge.io");
}

/* What our programs decide by. Other annotations, which any editor of the object can add, must not
 * take their room: a claim without its note of provisioning looks as if no volume had been made. */
static bool is_decisive(const struct json_span *name)
{
	static const char *const names[] = {
		"kentledge.io/provisioning-node",
		"pv.kubernetes.io/provisioned-by",
		"volume.beta.kubernetes.io/storage-class",
		"volume.beta.kubernetes.io/storage-provisioner",
		"volume.kubernetes.io/selected-node",
		"volume.kubernetes.io/storage-provisioner",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_span_is(name, names[i]))
			return true;
	return false;
}

static bool keeps_annotation(struct pruner *pruner, const struct json_span *name,
			     const struct json_span *value)
{
	size_t bytes = name->length + value->length;
	size_t *kept = &pruner->annotations_bytes[is_of_kubernetes(name)];
	if (bytes > ANNOTATION_MAX)
		return false;
	if (is_decisive(name))
		return true;
	if (*kept + bytes > ANNOTATIONS_MAX)
		return false;
	*kept += bytes;
	return true;
}

static bool keeps_in_metadata(const struct pruner *pruner, const struct json_span *name)
{
	if (!pruner->name_only)
		return !json_span_is(name, "managedFields");
	return json_span_is(name, "name") || json_span_is(name, "namespace") ||
	       json_span_is(name, "uid") || json_span_is(name, "resourceVersion");
}

static int check_metadata(struct pruner *pruner, const struct json_span *name,
			  const struct json_span *value)
{
	if (value->length <= OBJECT_METADATA_MAX)
		return 0;
	return error_set(pruner->err, ERROR_EXHAUSTED,
			 "metadata.%.*s: is %zu bytes large, more than the %u that are served",
			 (int)name->length, name->text, value->length, OBJECT_METADATA_MAX);
}

static void append_member(struct pruner *pruner, const struct json_span *name)
{
	struct text *out = pruner->out;
	if (out->length && text_string(out)[out->length - 1] != '{')
		text_append_string(out, ",");
	text_append_string(out, "\"");
	text_append(out, name->text, name->length);
	text_append_string(out, "\":");
}

static int prune_members(struct pruner *pruner, const char *path);

/* The value of a member that is not kept as it is: an object of which some members stay. */
static int prune_value(struct pruner *pruner, const char *path, const struct json_span *name)
{
	append_member(pruner, name);
	return prune_members(pruner, path);
}

static int keep_value(struct pruner *pruner, const char *parent, const struct json_span *name)
{
	struct json_span value;
	if (!json_scan_value(&pruner->scan, &value))
		return malformed(pruner);
	if (strcmp(parent, "metadata.annotations") == 0 && !keeps_annotation(pruner, name, &value))
		return 0;
	if (strcmp(parent, "metadata") == 0 && check_metadata(pruner, name, &value) < 0)
		return -1;
	append_member(pruner, name);
	text_append(pruner->out, value.text, value.length);
	return 0;
}

static int drop_value(struct pruner *pruner)
{
	struct json_span value;
	return json_scan_value(&pruner->scan, &value) ? 0 : malformed(pruner);
}

/* Metadata and annotations are looked into, and what leads to a path that is not read. */
static bool is_looked_into(struct pruner *pruner, const char *path)
{
	if (json_scan_peek(&pruner->scan) != '{')
		return false;
	return strcmp(path, "metadata") == 0 || strcmp(path, "metadata.annotations") == 0 ||
	       leads_to(pruner->unread, path);
}

static bool is_dropped(struct pruner *pruner, const char *parent, const struct json_span *name,
		       const char *path)
{
	if (strcmp(parent, "metadata") == 0)
		return !keeps_in_metadata(pruner, name);
	if (!*parent && pruner->name_only)
		return strcmp(path, "metadata") != 0 && strcmp(path, "kind") != 0;
	return is_listed(pruner->unread, path);
}

static int prune_member(struct pruner *pruner, const char *parent)
{
	struct json_span name;
	char path[PATH_MAX_BYTES];
	if (!json_scan_name(&pruner->scan, &name))
		return malformed(pruner);
	int length = snprintf(path, sizeof(path), "%s%s%.*s", parent, *parent ? "." : "",
			      (int)name.length, name.text);
	if (length >= (int)sizeof(path)) /* longer than any path that is looked for */
		return keep_value(pruner, parent, &name);
	if (is_dropped(pruner, parent, &name, path))
		return drop_value(pruner);
	if (is_looked_into(pruner, path))
		return prune_value(pruner, path, &name);
	return keep_value(pruner, parent, &name);
}

/* No deeper than the paths that are looked for. */
static int prune_members(struct pruner *pruner, const char *path)
{
	if (!json_scan_accept(&pruner->scan, '{'))
		return malformed(pruner);
	text_append_string(pruner->out, "{");
	if (!json_scan_accept(&pruner->scan, '}')) {
		do {
			if (prune_member(pruner, path) < 0)
				return -1;
		} while (json_scan_accept(&pruner->scan, ','));
		if (!json_scan_accept(&pruner->scan, '}'))
			return malformed(pruner);
	}
	text_append_string(pruner->out, "}");
	return 0;
}

static int prune(struct pruner *pruner)
{
	if (prune_members(pruner, "") < 0)
		return -1;
	if (json_scan_peek(&pruner->scan) != '\0' || pruner->scan.at < pruner->scan.length)
		return malformed(pruner);
	if (pruner->out->length <= OBJECT_TEXT_MAX)
		return 0;
	return error_set(pruner->err, ERROR_EXHAUSTED,
			 "what is read of it is %zu bytes large, more than the %u that are served",
			 pruner->out->length, OBJECT_TEXT_MAX);
}

int object_text_prune(const struct kind *kind, const struct json_span *text, struct text *ret_text,
		      struct error *err)
{
	struct pruner pruner = {
		.scan = { .text = text->text, .length = text->length },
		.unread = kind->unread,
		.out = ret_text,
		.err = err,
	};
	return prune(&pruner);
}

int object_text_name(const struct json_span *text, struct text *ret_text, struct error *err)
{
	struct pruner pruner = {
		.scan = { .text = text->text, .length = text->length },
		.name_only = true,
		.out = ret_text,
		.err = err,
	};
	return prune(&pruner);
}
