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
