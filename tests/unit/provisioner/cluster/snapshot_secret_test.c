/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which Secrets a VolumeSnapshotClass names.
 */

#include "cluster/snapshot_secret.h"

#include <stdio.h>
#include <string.h>

#include "cluster/snapshot_class.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define P "csi.storage.k8s.io/snapshotter-"
#define SNAPSHOTTER(name, namespace)                                                               \
	"{'parameters':{'" P "secret-name':'" name "','" P "secret-namespace':'" namespace "'}}"

#define G "csi.storage.k8s.io/group-snapshotter-"
#define GROUP(name, namespace)                                                                     \
	"{'parameters':{'" G "secret-name':'" name "','" G "secret-namespace':'" namespace "'}}"

static int read_secret(const char *patch, enum snapshot_secret_use use, char *ret_name,
		       struct error *err)
{
	CLEANUP(object_unrefp)
	struct object *class = sample_object(&snapshot_class_kind,
					     "{'metadata':{'name':'fast'},'driver':'kentledge.io',"
					     "'deletionPolicy':'Delete'}",
					     patch);
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	const struct snapshot_secret_origin origin = {
		.class = class,
		.parameters = &snapshot_class_of(class)->parameters,
		.content_name = "snapcontent-u",
		.snapshot_namespace = "shop",
		.snapshot_name = "nightly",
		.arena = arena,
	};
	struct secret_name name;
	if (snapshot_secret_read(&origin, use, &name, err) < 0)
		return -1;
	sprintf(ret_name, "%.63s/%.253s", name.namespace ? name.namespace : "",
		name.name ? name.name : "");
	return 0;
}

static void resolves_what_the_class_names(void **state)
{
	static const struct {
		const char *patch;
		enum snapshot_secret_use use;
		const char *expected;
	} rows[] = {
		{ NULL, SNAPSHOT_SECRET_CREATE, "/" },
		{ SNAPSHOTTER("key", "vault"), SNAPSHOT_SECRET_CREATE, "vault/key" },
		{ SNAPSHOTTER("key", "vault"), SNAPSHOT_SECRET_LIST, "/" },
		{ "{'parameters':{'" P "list-secret-name':'l','" P "list-secret-namespace':'n'}}",
		  SNAPSHOT_SECRET_LIST, "n/l" },
		{ SNAPSHOTTER("${volumesnapshot.name}", "${volumesnapshot.namespace}"),
		  SNAPSHOT_SECRET_CREATE, "shop/nightly" },
		{ GROUP("${volumegroupsnapshot.name}", "${volumegroupsnapshot.namespace}"),
		  SNAPSHOT_SECRET_GROUP_CREATE, "shop/nightly" },
		{ GROUP("k-${volumegroupsnapshotcontent.name}", "vault"),
		  SNAPSHOT_SECRET_GROUP_CREATE, "vault/k-snapcontent-u" },
		{ GROUP("key", "vault"), SNAPSHOT_SECRET_CREATE, "/" },
		{ GROUP("key", "vault"), SNAPSHOT_SECRET_GROUP_GET, "/" },
		{ "{'parameters':{'" G "get-secret-name':'g','" G "get-secret-namespace':'n'}}",
		  SNAPSHOT_SECRET_GROUP_GET, "n/g" },
		{ SNAPSHOTTER("a-${volumesnapshot.namespace}.${volumesnapshotcontent.name}",
			      "x-${volumesnapshotcontent.name}"),
		  SNAPSHOT_SECRET_CREATE, "x-snapcontent-u/a-shop.snapcontent-u" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char name[400];
		struct error err = { 0 };
		if (read_secret(rows[i].patch, rows[i].use, name, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_string_equal(name, rows[i].expected);
	}
}

static void refuses_what_names_no_secret(void **state)
{
	static const struct {
		const char *patch;
		const char *text;
	} rows[] = {
		{ "{'parameters':{'" P "secret-name':'key'}}",
		  "VolumeSnapshotClass fast: parameters: " P "secret-name stands alone" },
		{ "{'parameters':{'" P "secret-namespace':'vault'}}",
		  P "secret-namespace stands alone" },
		/* A user chooses the name of the snapshot, and must not choose a namespace. */
		{ SNAPSHOTTER("key", "${volumesnapshot.name}"),
		  P "secret-namespace: ${volumesnapshot.name} cannot stand there" },
		{ SNAPSHOTTER("${pvc.name}", "vault"), "${pvc.name} cannot stand there" },
		{ SNAPSHOTTER("${volumesnapshot.name", "vault"), "without \"}\"" },
		{ SNAPSHOTTER("Key", "vault"), "\"Key\" is no name of a Secret" },
		{ SNAPSHOTTER("key", "a.b"), "\"a.b\" is no name of a namespace" },
		{ SNAPSHOTTER("", "vault"), "\"\" is no name of a Secret" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char name[400];
		struct error err = { 0 };
		assert_int_equal(read_secret(rows[i].patch, SNAPSHOT_SECRET_CREATE, name, &err),
				 -1);
		assert_int_equal(err.code, ERROR_INVALID);
		if (!strstr(err.text, rows[i].text))
			fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].text);
	}
}

static void a_group_has_tokens_of_its_own(void **state)
{
	static const struct {
		const char *patch;
		const char *text;
	} rows[] = {
		{ GROUP("${volumesnapshot.name}", "vault"),
		  "VolumeGroupSnapshotClass fast: parameters: " G "secret-name: "
		  "${volumesnapshot.name} cannot stand there; a name may have "
		  "${volumegroupsnapshotcontent.name}, ${volumegroupsnapshot.namespace} and "
		  "${volumegroupsnapshot.name}" },
		{ GROUP("key", "${volumegroupsnapshot.name}"),
		  "a namespace may have ${volumegroupsnapshotcontent.name} and "
		  "${volumegroupsnapshot.namespace} alone" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char name[400];
		struct error err = { 0 };
		assert_int_equal(
			read_secret(rows[i].patch, SNAPSHOT_SECRET_GROUP_CREATE, name, &err), -1);
		if (!strstr(err.text, rows[i].text))
			fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].text);
	}
}

static void knows_which_parameters_name_secrets(void **state)
{
	assert_true(snapshot_secret_is_named_by(P "secret-name"));
	assert_true(snapshot_secret_is_named_by(P "list-secret-namespace"));
	assert_true(
		snapshot_secret_is_named_by("csi.storage.k8s.io/group-snapshotter-secret-name"));
	assert_true(snapshot_secret_is_named_by(
		"csi.storage.k8s.io/group-snapshotter-get-secret-name"));
	assert_false(snapshot_secret_is_named_by("csi.storage.k8s.io/fstype"));
	assert_false(snapshot_secret_is_named_by("snapshotter-secret-name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_what_the_class_names),
		cmocka_unit_test(refuses_what_names_no_secret),
		cmocka_unit_test(a_group_has_tokens_of_its_own),
		cmocka_unit_test(knows_which_parameters_name_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
