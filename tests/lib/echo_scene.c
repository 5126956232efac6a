/* SPDX-License-Identifier: Apache-2.0 */
#include "echo_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "test.h"

int echo_scene_begin(void **state, unsigned workers, size_t message_bytes_max)
{
	struct error err = { 0 };
	struct echo_scene *scene = must_alloc(sizeof(*scene));
	snprintf(scene->folder, sizeof(scene->folder), "/tmp/kentledge-rpc-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	snprintf(scene->socket, sizeof(scene->socket), "%s/csi.sock", scene->folder);
	if (echo_server_new(&scene->service, workers, message_bytes_max, &scene->server, &err) <
		    0 ||
	    rpc_server_listen_unix(scene->server, scene->socket, &err) < 0 ||
	    rpc_server_start(scene->server, &err) < 0 ||
	    rpc_channel_new_unix(scene->socket, &scene->channel, &err) < 0)
		fail_msg("%s", err.text);
	*state = scene;
	return 0;
}

int echo_scene_end(void **state)
{
	struct echo_scene *scene = *state;
	atomic_store(&scene->service.released, true);
	rpc_channel_free(scene->channel);
	rpc_server_free(scene->server);
	assert_int_equal(access(scene->socket, F_OK), -1);
	assert_int_equal(rmdir(scene->folder), 0);
	free(scene);
	return 0;
}
