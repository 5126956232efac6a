# shellcheck shell=bash
# An image archive: one layer, its configuration and its manifest, as an OCI
# image layout (which containerd reads) with the older manifest.json beside it
# (which docker reads). Equal files give equal bytes, so equal digests.

# archive_write ROOT CONFIG-JSON NAME OUT: writes OUT and OUT.digest.
archive_write() {
	local root=$1 config=$2 name=$3 out=$4 work layer image manifest
	work=$(mktemp -d)
	mkdir -p "$work/blobs/sha256"
	tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$root" \
		-cf "$work/layer" .
	layer=$(blob_add "$work" "$work/layer")
	archive_config "$config" "$layer" >"$work/config"
	image=$(blob_add "$work" "$work/config")
	archive_manifest "$work" "$image" "$layer" >"$work/manifest"
	manifest=$(blob_add "$work" "$work/manifest")
	archive_index "$work" "$manifest" "$name"
	printf '[{"Config":"blobs/sha256/%s","RepoTags":["%s"],"Layers":["blobs/sha256/%s"]}]' \
		"$image" "$name" "$layer" >"$work/manifest.json"
	tar --sort=name --mtime=@0 --owner=0 --group=0 -C "$work" \
		-cf "$out.new" blobs index.json manifest.json oci-layout
	rm -rf "$work"
	echo "sha256:$manifest" >"$out.digest"
	mv "$out.new" "$out"
}

blob_add() { # WORK FILE: moves it among the blobs, prints its hash
	local hash
	hash=$(sha256sum "$2" | cut -d ' ' -f 1)
	mv "$2" "$1/blobs/sha256/$hash"
	echo "$hash"
}

blob_size() { stat -c %s "$1/blobs/sha256/$2"; } # WORK HASH

archive_config() { # CONFIG-JSON LAYER
	printf '{"architecture":"amd64","os":"linux","config":%s,' "$1"
	printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$2"
}

archive_manifest() { # WORK IMAGE LAYER
	local media=application/vnd.oci.image
	printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json",' $media
	printf '"config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%s},' \
		$media "$2" "$(blob_size "$1" "$2")"
	printf '"layers":[{"mediaType":"%s.layer.v1.tar","digest":"sha256:%s","size":%s}]}' \
		$media "$3" "$(blob_size "$1" "$3")"
}

archive_index() { # WORK MANIFEST NAME
	printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
	{
		printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"sha256:%s","size":%s,' \
			application/vnd.oci.image.manifest.v1+json "$2" "$(blob_size "$1" "$2")"
		printf '"platform":{"architecture":"amd64","os":"linux"},'
		printf '"annotations":{"io.containerd.image.name":"%s"}}]}' "$3"
	} >"$1/index.json"
}
