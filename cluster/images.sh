# shellcheck shell=bash
# Images on the nodes. kentledge's own is the one assembled from the build tree.
# A foreign one is pulled where a registry answers and kept as an archive in the
# cache; elsewhere a stand-in of the same name, made by images/, takes its place.
# An image that a node already has under the same digest is not brought again.

REGISTRY_PATIENCE_S=3
PULL_PATIENCE_S=120

# images_load NAME...: onto every node, all nodes at once.
images_load() {
	local name archive digest i wanted=() imports=()
	for name in "$@"; do
		read -r archive digest <<<"$(image_archive "$name")"
		[ -n "$digest" ] || fail "image $name: no archive was made"
		wanted+=("$name" "$archive" "$digest")
	done
	for i in $(node_indices); do
		node_import "$i" "${wanted[@]}" &
		imports+=($!)
	done
	for i in "${imports[@]}"; do wait "$i" || exit; done
}

node_import() { # INDEX [NAME ARCHIVE DIGEST]...
	local i=$1
	shift
	while [ $# -gt 0 ]; do
		node_has_image "$i" "$1" "$3" ||
			node_ctr "$i" images import "$2" >/dev/null ||
			fail "image $1: import on $(node_name "$i") failed"
		shift 3
	done
}

image_archive() { # NAME: prints the archive's path and the image's digest
	if is_foreign "$1" && image_pull "$1"; then
		echo "$(pulled_archive "$1") $(cat "$(pulled_archive "$1").digest")"
	else
		"$CLUSTER_FOLDER/../images/images" archive "$1"
	fi
}

is_foreign() {
	local name
	for name in "${FOREIGN_IMAGES[@]}" "${SUITE_IMAGES[@]}"; do
		[ "$1" != "$name" ] || return 0
	done
	return 1
}

pulled_archive() { echo "$CACHE/images/pulled/${1//[\/:]/_}.tar"; }

# The daemon is in a network without an outside, but `ctr` itself fetches, and
# it runs in the machine's.
image_pull() { # NAME
	local archive
	archive=$(pulled_archive "$1")
	[ ! -s "$archive.digest" ] || return 0
	registry_answers || return 1
	pull_within $PULL_PATIENCE_S "$1" || return 1
	mkdir -p "$(dirname "$archive")"
	node_ctr 1 images export --platform linux/amd64 "$archive" "$1" &&
		node_image_digest 1 "$1" >"$archive.digest"
}

pull_within() { # SECONDS NAME
	timeout -k 1 "$1" ctr --address "$(node_containerd 1)" --namespace k8s.io \
		images pull --platform linux/amd64 "$2" >>"$LOGS/pull.log" 2>&1
}

# Found out once per `up`, with the smallest image there is.
registry_answers() {
	if [ ! -e "$STATE/registry" ]; then
		if [ "${KENTLEDGE_REGISTRY:-}" != no ] && pull_within $REGISTRY_PATIENCE_S "$PAUSE_IMAGE"; then
			echo yes >"$STATE/registry"
		else
			echo no >"$STATE/registry"
			say "no registry answers: stand-ins take the place of the images" >&2
		fi
	fi
	[ "$(cat "$STATE/registry")" = yes ]
}

node_ctr() { # INDEX ARGUMENTS...
	local i=$1
	shift
	ctr --address "$(node_containerd "$i")" --namespace k8s.io "$@"
}

node_image_digest() { # INDEX NAME
	node_ctr "$1" images ls "name==$2" | awk 'NR > 1 { print $3 }'
}

node_has_image() { # INDEX NAME DIGEST
	[ "$(node_image_digest "$1" "$2")" = "$3" ]
}
