/* SPDX-License-Identifier: Apache-2.0 */
#include "driver_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

void driver_scene_begin(struct driver_scene *scene, const struct rpc_method *methods, size_t count,
			void *context)
{
	struct error err = { 0 };
	char socket[96];
	snprintf(scene->folder, sizeof(scene->folder), "/tmp/kentledge-csi-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	snprintf(socket, sizeof(socket), "%s/csi.sock", scene->folder);
	const struct rpc_server_options options = {
		.methods = methods,
		.method_count = count,
		.context = context,
		.workers = 1,
	};
	if (rpc_server_new(&options, &scene->server, &err) < 0 ||
	    rpc_server_listen_unix(scene->server, socket, &err) < 0 ||
	    rpc_server_start(scene->server, &err) < 0 ||
	    rpc_channel_new_unix(socket, &scene->channel, &err) < 0)
		fail_msg("%s", err.text);
}

void driver_scene_end(struct driver_scene *scene)
{
	rpc_channel_free(scene->channel);
	rpc_server_free(scene->server);
	rmdir(scene->folder);
}
