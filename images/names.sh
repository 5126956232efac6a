# shellcheck shell=bash disable=SC2034
# The images that the trial cluster needs, by their full names.

KENTLEDGE_IMAGE=docker.io/kentledge/kentledge:0.1.0
# The same, as the Containerfile makes it.
CONTAINERFILE_IMAGE=docker.io/kentledge/kentledge:containerfile
PAUSE_IMAGE=registry.k8s.io/pause:3.10
BUSYBOX_IMAGE=docker.io/library/busybox:1.28
NGINX_IMAGE=k8s.gcr.io/nginx-slim:0.8
# What docs/web.yaml names: an nginx that the runtimes of today pull.
NGINX_NEW_IMAGE=registry.k8s.io/nginx-slim:0.24
FOREIGN_IMAGES=("$PAUSE_IMAGE" "$BUSYBOX_IMAGE" "$NGINX_IMAGE" "$NGINX_NEW_IMAGE")

# What the pods of Kubernetes' storage suite run (tests/upstream). Its programs come from the module that the suite lies in.
SUITE=registry.k8s.io/e2e-test-images
SUITE_AGNHOST_IMAGE=$SUITE/agnhost:2.66.1
SUITE_BUSYBOX_IMAGE=$SUITE/busybox:1.37.0-2
SUITE_GLIBC_IMAGE=$SUITE/glibc-dns-testing:2.1.1
SUITE_NGINX_IMAGE=$SUITE/nginx:1.27.0-2
SUITE_PAUSE_IMAGE=registry.k8s.io/pause:3.10.2
SUITE_POPULATOR_IMAGE=registry.k8s.io/sig-storage/hello-populator:v1.0.1
SUITE_IMAGES=("$SUITE_AGNHOST_IMAGE" "$SUITE_BUSYBOX_IMAGE" "$SUITE_GLIBC_IMAGE" "$SUITE_NGINX_IMAGE"
	"$SUITE_PAUSE_IMAGE" "$SUITE_POPULATOR_IMAGE")
