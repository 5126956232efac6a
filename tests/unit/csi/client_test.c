/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "csi.pb-c.h"
#include "csi/names.h"
#include "rpc/channel.h"
#include "rpc/server.h"
#include "test.h"

#define TIMEOUT_MS 10000
#define GIB (UINT64_C(1) << 30)

/* A driver that writes down what it was asked and answers as it is told. */
struct fixture {
	char folder[64];
	char socket[96];
	struct rpc_server *server;
	struct rpc_channel *channel;

	struct text asked;
	enum error_code fail;
	bool without_id;
	bool without_maximum;
	bool without_source;
	size_t more_context; /* entries */
	size_t more_segments;
	int64_t capacity_bytes;
};

static void note_capability(struct text *asked, const Csi__V1__VolumeCapability *capability)
{
	text_printf(asked, " mode=%d", capability->access_mode->mode);
	if (capability->access_type_case == CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK)
		text_append_string(asked, " block");
	if (capability->access_type_case != CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT)
		return;
	text_printf(asked, " mount:%s", capability->mount->fs_type);
	for (size_t i = 0; i < capability->mount->n_mount_flags; i++)
		text_printf(asked, ",%s", capability->mount->mount_flags[i]);
}

static void note_topology(struct text *asked, const char *kind, Csi__V1__Topology **list,
			  size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < list[i]->n_segments; k++)
			text_printf(asked, " %s:%s=%s", kind, list[i]->segments[k]->key,
				    list[i]->segments[k]->value);
}

static void note_source(struct text *asked, const Csi__V1__VolumeContentSource *source)
{
	if (source && source->type_case == CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT)
		text_printf(asked, " snapshot:%s", source->snapshot->snapshot_id);
	if (source && source->type_case == CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME)
		text_printf(asked, " volume:%s", source->volume->volume_id);
}

static void fill_volume(struct fixture *f, struct arena *arena, Csi__V1__Volume *volume)
{
	volume->volume_id = f->without_id ? volume->volume_id : arena_strdup(arena, "vol-1");
	volume->capacity_bytes = f->capacity_bytes;
	volume->volume_context = arena_alloc(arena, (1 + f->more_context) * sizeof(void *));
	volume->n_volume_context = 1 + f->more_context;
	for (size_t i = 1; i < volume->n_volume_context; i++) {
		volume->volume_context[i] = arena_alloc(arena, sizeof(*volume->volume_context[i]));
		csi__v1__volume__volume_context_entry__init(volume->volume_context[i]);
		volume->volume_context[i]->key = arena_printf(arena, "%zu", i);
	}
	volume->volume_context[0] = arena_alloc(arena, sizeof(*volume->volume_context[0]));
	csi__v1__volume__volume_context_entry__init(volume->volume_context[0]);
	volume->volume_context[0]->key = arena_strdup(arena, "backend");
	volume->volume_context[0]->value = arena_strdup(arena, "loop");
	volume->accessible_topology = arena_alloc(arena, sizeof(void *));
	volume->n_accessible_topology = 1;
	Csi__V1__Topology *topology = arena_alloc(arena, sizeof(*topology));
	csi__v1__topology__init(topology);
	volume->accessible_topology[0] = topology;
	topology->segments = arena_alloc(arena, (1 + f->more_segments) * sizeof(void *));
	topology->n_segments = 1 + f->more_segments;
	for (size_t i = 1; i < topology->n_segments; i++) {
		topology->segments[i] = arena_alloc(arena, sizeof(*topology->segments[i]));
		csi__v1__topology__segments_entry__init(topology->segments[i]);
		topology->segments[i]->key = arena_printf(arena, "%zu", i);
	}
	topology->segments[0] = arena_alloc(arena, sizeof(*topology->segments[0]));
	csi__v1__topology__segments_entry__init(topology->segments[0]);
	topology->segments[0]->key = arena_strdup(arena, CSI_TOPOLOGY_KEY);
	topology->segments[0]->value = arena_strdup(arena, "node-1");
}

static int create_volume(struct rpc_call *call, const Csi__V1__CreateVolumeRequest *request,
			 Csi__V1__CreateVolumeResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	const Csi__V1__TopologyRequirement *where = request->accessibility_requirements;
	text_printf(&f->asked, "create %s %lld..%lld", request->name,
		    (long long)request->capacity_range->required_bytes,
		    (long long)request->capacity_range->limit_bytes);
	for (size_t i = 0; i < request->n_volume_capabilities; i++)
		note_capability(&f->asked, request->volume_capabilities[i]);
	for (size_t i = 0; i < request->n_parameters; i++)
		text_printf(&f->asked, " %s=%s", request->parameters[i]->key,
			    request->parameters[i]->value);
	for (size_t i = 0; i < request->n_mutable_parameters; i++)
		text_printf(&f->asked, " mutable:%s=%s", request->mutable_parameters[i]->key,
			    request->mutable_parameters[i]->value);
	for (size_t i = 0; i < request->n_secrets; i++)
		text_printf(&f->asked, " secret:%s=%s", request->secrets[i]->key,
			    request->secrets[i]->value);
	if (where) {
		note_topology(&f->asked, "requisite", where->requisite, where->n_requisite);
		note_topology(&f->asked, "preferred", where->preferred, where->n_preferred);
	}
	note_source(&f->asked, request->volume_content_source);
	if (f->fail)
		return error_set(err, f->fail, "no luck");
	response->volume = arena_alloc(rpc_call_arena(call), sizeof(*response->volume));
	csi__v1__volume__init(response->volume);
	fill_volume(f, rpc_call_arena(call), response->volume);
	if (!f->without_source)
		response->volume->content_source = request->volume_content_source;
	return 0;
}

static int delete_volume(struct rpc_call *call, const Csi__V1__DeleteVolumeRequest *request,
			 Csi__V1__DeleteVolumeResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	text_printf(&f->asked, "delete %s", request->volume_id);
	for (size_t i = 0; i < request->n_secrets; i++)
		text_printf(&f->asked, " secret:%s=%s", request->secrets[i]->key,
			    request->secrets[i]->value);
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static int get_capacity(struct rpc_call *call, const Csi__V1__GetCapacityRequest *request,
			Csi__V1__GetCapacityResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	text_append_string(&f->asked, "capacity");
	note_capability(&f->asked, request->volume_capabilities[0]);
	for (size_t i = 0; i < request->n_parameters; i++)
		text_printf(&f->asked, " %s=%s", request->parameters[i]->key,
			    request->parameters[i]->value);
	response->available_capacity = f->capacity_bytes;
	if (f->without_maximum)
		return 0;
	response->maximum_volume_size =
		arena_alloc(rpc_call_arena(call), sizeof(*response->maximum_volume_size));
	google__protobuf__int64_value__init(response->maximum_volume_size);
	response->maximum_volume_size->value = 3 * (int64_t)GIB;
	return 0;
}

static int expand_volume(struct rpc_call *call,
			 const Csi__V1__ControllerExpandVolumeRequest *request,
			 Csi__V1__ControllerExpandVolumeResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	text_printf(&f->asked, "expand %s %lld", request->volume_id,
		    (long long)request->capacity_range->required_bytes);
	note_capability(&f->asked, request->volume_capability);
	response->capacity_bytes = f->capacity_bytes;
	response->node_expansion_required = !f->without_maximum;
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static int modify_volume(struct rpc_call *call,
			 const Csi__V1__ControllerModifyVolumeRequest *request,
			 Csi__V1__ControllerModifyVolumeResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	text_printf(&f->asked, "modify %s", request->volume_id);
	for (size_t i = 0; i < request->n_mutable_parameters; i++)
		text_printf(&f->asked, " %s=%s", request->mutable_parameters[i]->key,
			    request->mutable_parameters[i]->value);
	for (size_t i = 0; i < request->n_secrets; i++)
		text_printf(&f->asked, " secret:%s=%s", request->secrets[i]->key,
			    request->secrets[i]->value);
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static const struct rpc_method methods[] = {
	RPC_METHOD("csi.v1.Controller", CreateVolume, Csi__V1__CreateVolumeRequest,
		   csi__v1__create_volume_request__descriptor, Csi__V1__CreateVolumeResponse,
		   csi__v1__create_volume_response__descriptor, create_volume, false),
	RPC_METHOD("csi.v1.Controller", DeleteVolume, Csi__V1__DeleteVolumeRequest,
		   csi__v1__delete_volume_request__descriptor, Csi__V1__DeleteVolumeResponse,
		   csi__v1__delete_volume_response__descriptor, delete_volume, false),
	RPC_METHOD("csi.v1.Controller", GetCapacity, Csi__V1__GetCapacityRequest,
		   csi__v1__get_capacity_request__descriptor, Csi__V1__GetCapacityResponse,
		   csi__v1__get_capacity_response__descriptor, get_capacity, false),
	RPC_METHOD("csi.v1.Controller", ControllerExpandVolume,
		   Csi__V1__ControllerExpandVolumeRequest,
		   csi__v1__controller_expand_volume_request__descriptor,
		   Csi__V1__ControllerExpandVolumeResponse,
		   csi__v1__controller_expand_volume_response__descriptor, expand_volume, false),
	RPC_METHOD("csi.v1.Controller", ControllerModifyVolume,
		   Csi__V1__ControllerModifyVolumeRequest,
		   csi__v1__controller_modify_volume_request__descriptor,
		   Csi__V1__ControllerModifyVolumeResponse,
		   csi__v1__controller_modify_volume_response__descriptor, modify_volume, false),
};

static int begin(void **state)
{
	struct error err = { 0 };
	struct fixture *f = must_alloc(sizeof(*f));
	f->capacity_bytes = (int64_t)GIB;
	snprintf(f->folder, sizeof(f->folder), "/tmp/kentledge-csi-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->socket, sizeof(f->socket), "%s/csi.sock", f->folder);
	const struct rpc_server_options options = { .methods = methods,
						    .method_count =
							    sizeof(methods) / sizeof(*methods),
						    .context = f,
						    .workers = 1 };
	if (rpc_server_new(&options, &f->server, &err) < 0 ||
	    rpc_server_listen_unix(f->server, f->socket, &err) < 0 ||
	    rpc_server_start(f->server, &err) < 0 ||
	    rpc_channel_new_unix(f->socket, &f->channel, &err) < 0)
		fail_msg("%s", err.text);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	rpc_channel_free(f->channel);
	rpc_server_free(f->server);
	rmdir(f->folder);
	text_done(&f->asked);
	free(f);
	return 0;
}

static struct csi_capability capability = {
	.access_mode = CSI_SINGLE_NODE_WRITER,
	.fs_type = "xfs",
	.mount_flags = (char *const[]) { (char[]) { "noatime" }, (char[]) { "discard" } },
	.mount_flag_count = 2,
};
static struct pair parameter = { "backend", "loop" };
static struct pair segment = { CSI_TOPOLOGY_KEY, "node-1" };

static struct csi_create_volume_request request_of(const char *name)
{
	return (struct csi_create_volume_request) {
		.name = name,
		.required_bytes = GIB,
		.capabilities = &capability,
		.capability_count = 1,
		.parameters = { &parameter, 1 },
		.segments = { &segment, 1 },
	};
}

static void a_volume_is_asked_for_on_the_chosen_node(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	CLEANUP(csi_volume_freep) struct csi_volume *volume = NULL;
	struct csi_create_volume_request request = request_of("pvc-1");
	request.limit_bytes = 2 * GIB;
	if (csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(text_string(&f->asked),
			    "create pvc-1 1073741824..2147483648 mode=1 mount:xfs,noatime,discard "
			    "backend=loop requisite:topology.kentledge.io/node=node-1 "
			    "preferred:topology.kentledge.io/node=node-1");
	assert_string_equal(volume->id, "vol-1");
	assert_int_equal(volume->capacity_bytes, GIB);
	assert_string_equal(pairs_get(&volume->context, "backend"), "loop");
	assert_string_equal(pairs_get(&volume->segments, CSI_TOPOLOGY_KEY), "node-1");
}

static void a_volume_is_made_from_what_is_named(void **state)
{
	static const struct {
		struct csi_source source;
		const char *asked;
	} rows[] = {
		{ { CSI_SOURCE_SNAPSHOT, "s-1" }, " snapshot:s-1" },
		{ { CSI_SOURCE_VOLUME, "v-1" }, " volume:v-1" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct error err = { 0 };
		CLEANUP(csi_volume_freep) struct csi_volume *volume = NULL;
		struct csi_create_volume_request request = request_of("pvc-1");
		request.source = rows[i].source;
		f->without_source = false;
		if (csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err) < 0)
			fail_msg("%s", err.text);
		assert_non_null(strstr(text_string(&f->asked), rows[i].asked));
		assert_int_equal(volume->source_kind, rows[i].source.kind);
		csi_volume_free(TAKE(volume));
		f->without_source = true;
		assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err),
				 0);
		assert_int_equal(volume->source_kind, CSI_SOURCE_NONE);
	}
}

static void what_is_not_said_is_not_asked(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	CLEANUP(csi_volume_freep) struct csi_volume *volume = NULL;
	struct csi_capability block = { .access_mode = CSI_MULTI_NODE_READER_ONLY, .block = true };
	struct csi_create_volume_request request = { .name = "b",
						     .capabilities = &block,
						     .capability_count = 1 };
	assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err), 0);
	assert_string_equal(text_string(&f->asked), "create b 0..0 mode=3 block");
}

static void a_failure_keeps_code_and_text(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct csi_volume *volume = NULL;
	struct csi_create_volume_request request = request_of("pvc-1");
	f->fail = ERROR_EXHAUSTED;
	assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err), -1);
	assert_int_equal(err.code, ERROR_EXHAUSTED);
	assert_string_equal(err.text, "no luck");
	assert_null(volume);
}

static void an_answer_without_an_id_or_with_nonsense_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct csi_volume *volume = NULL;
	struct csi_create_volume_request request = request_of("pvc-1");
	f->without_id = true;
	assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "volume_id"));
	f->without_id = false;
	f->capacity_bytes = -1;
	assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err), -1);
	assert_non_null(strstr(err.text, "capacity_bytes"));
	uint64_t free_bytes, max_bytes;
	struct pairs none = { 0 };
	assert_int_equal(csi_get_capacity(f->channel, &none, &capability, TIMEOUT_MS, &free_bytes,
					  &max_bytes, &err),
			 -1);
	assert_non_null(strstr(err.text, "available_capacity"));
}

static void an_answer_with_maps_that_are_too_large_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct csi_volume *volume = NULL;
	struct csi_create_volume_request request = request_of("pvc-1");
	f->more_context = 5000;
	assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "volume_context"));
	f->more_context = 0;
	f->more_segments = 5000;
	assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "accessible_topology"));
	assert_null(volume);
}

static void a_size_that_does_not_fit_the_wire_is_not_sent(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct csi_volume *volume = NULL;
	struct csi_create_volume_request request = request_of("pvc-1");
	request.required_bytes = UINT64_C(1) << 63;
	assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
	assert_non_null(strstr(err.text, "required_bytes"));
	assert_string_equal(text_string(&f->asked), "");
}

static void secrets_are_sent_with_creation_and_deletion(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct csi_volume *volume = NULL;
	struct csi_create_volume_request request = request_of("pvc-1");
	struct pair entries[] = { { "user", "me" }, { "password", "" } };
	request.secrets = (struct pairs) { entries, 2 };
	assert_int_equal(csi_create_volume(f->channel, &request, TIMEOUT_MS, &volume, &err), 0);
	csi_volume_free(volume);
	assert_non_null(strstr(text_string(&f->asked), " secret:user=me secret:password="));
	text_done(&f->asked);
	assert_int_equal(csi_delete_volume(f->channel, "vol-1", &request.secrets, TIMEOUT_MS, &err),
			 0);
	assert_string_equal(text_string(&f->asked), "delete vol-1 secret:user=me secret:password=");
}

static void deleting_what_is_gone_succeeds(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	assert_int_equal(csi_delete_volume(f->channel, "vol-1", NULL, TIMEOUT_MS, &err), 0);
	assert_string_equal(text_string(&f->asked), "delete vol-1");
	f->fail = ERROR_NOT_FOUND;
	assert_int_equal(csi_delete_volume(f->channel, "vol-1", NULL, TIMEOUT_MS, &err), 0);
	f->fail = ERROR_IN_USE;
	assert_int_equal(csi_delete_volume(f->channel, "vol-1", NULL, TIMEOUT_MS, &err), -1);
	assert_int_equal(err.code, ERROR_IN_USE);
}

static void capacity_comes_with_and_without_a_maximum(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	uint64_t free_bytes, max_bytes;
	struct pairs parameters = { &parameter, 1 };
	assert_int_equal(csi_get_capacity(f->channel, &parameters, &capability, TIMEOUT_MS,
					  &free_bytes, &max_bytes, &err),
			 0);
	assert_string_equal(text_string(&f->asked),
			    "capacity mode=1 mount:xfs,noatime,discard backend=loop");
	assert_int_equal(free_bytes, GIB);
	assert_int_equal(max_bytes, 3 * GIB);
	f->without_maximum = true;
	assert_int_equal(csi_get_capacity(f->channel, &parameters, &capability, TIMEOUT_MS,
					  &free_bytes, &max_bytes, &err),
			 0);
	assert_int_equal(max_bytes, 0);
}

static int expand(struct fixture *f, uint64_t required_bytes, struct csi_expansion *ret_expansion,
		  struct error *err)
{
	const struct csi_expand_volume_request request = {
		.volume_id = "vol-1",
		.required_bytes = required_bytes,
		.capability = &capability,
	};
	return csi_expand_volume(f->channel, &request, TIMEOUT_MS, ret_expansion, err);
}

static void a_volume_grows_to_what_is_answered(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct csi_expansion expansion;
	f->capacity_bytes = 3 * (int64_t)GIB;
	assert_int_equal(expand(f, 2 * GIB, &expansion, &err), 0);
	assert_string_equal(text_string(&f->asked),
			    "expand vol-1 2147483648 mode=1 mount:xfs,noatime,discard");
	assert_int_equal(expansion.capacity_bytes, 3 * GIB);
	assert_true(expansion.node_required);
	f->without_maximum = true;
	assert_int_equal(expand(f, 3 * GIB, &expansion, &err), 0);
	assert_false(expansion.node_required);
}

static void a_growth_to_less_than_was_asked_for_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct csi_expansion expansion;
	f->capacity_bytes = (int64_t)GIB;
	assert_int_equal(expand(f, 2 * GIB, &expansion, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	assert_non_null(strstr(err.text, "capacity_bytes"));
	f->capacity_bytes = -1;
	assert_int_equal(expand(f, 2 * GIB, &expansion, &err), -1);
	assert_int_equal(expand(f, UINT64_MAX, &expansion, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
}

static void mutable_parameters_are_sent_with_creation_and_modification(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	struct csi_volume *volume = NULL;
	struct csi_create_volume_request creation = request_of("pvc-1");
	struct pair parameters[] = { { "readIops", "100" }, { "writeIops", "50" } };
	struct pair secrets[] = { { "user", "me" } };
	const struct csi_modify_volume_request modification = {
		.volume_id = "vol-1",
		.parameters = { parameters, 2 },
		.secrets = { secrets, 1 },
	};
	creation.mutable_parameters = modification.parameters;
	assert_int_equal(csi_create_volume(f->channel, &creation, TIMEOUT_MS, &volume, &err), 0);
	csi_volume_free(volume);
	assert_non_null(strstr(text_string(&f->asked), " mutable:readIops=100 mutable:writeIops="));
	text_done(&f->asked);
	assert_int_equal(csi_modify_volume(f->channel, &modification, TIMEOUT_MS, &err), 0);
	assert_string_equal(text_string(&f->asked),
			    "modify vol-1 readIops=100 writeIops=50 secret:user=me");
	f->fail = ERROR_INVALID;
	assert_int_equal(csi_modify_volume(f->channel, &modification, TIMEOUT_MS, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(a_volume_is_asked_for_on_the_chosen_node),
		WITH(a_volume_is_made_from_what_is_named),
		WITH(what_is_not_said_is_not_asked),
		WITH(a_failure_keeps_code_and_text),
		WITH(an_answer_without_an_id_or_with_nonsense_is_an_error),
		WITH(an_answer_with_maps_that_are_too_large_is_an_error),
		WITH(a_size_that_does_not_fit_the_wire_is_not_sent),
		WITH(secrets_are_sent_with_creation_and_deletion),
		WITH(mutable_parameters_are_sent_with_creation_and_modification),
		WITH(deleting_what_is_gone_succeeds),
		WITH(capacity_comes_with_and_without_a_maximum),
		WITH(a_volume_grows_to_what_is_answered),
		WITH(a_growth_to_less_than_was_asked_for_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
