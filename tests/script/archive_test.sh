#!/bin/bash
# An image archive is the same bytes for the same files, and each digest in it is that of its blob.
set -euo pipefail
cd "$(dirname "$0")/../.."
. images/archive.sh

fail() {
	echo "$*"
	exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/root"
echo one >"$work/root/file"

write() { archive_write "$work/root" '{"Cmd":["/file"]}' example.org/test/it:1 "$work/$1.tar"; }
write first
touch -d '2001-01-01' "$work/root/file"
write second
cmp "$work/first.tar" "$work/second.tar" || fail "a file's time changed the archive"
echo two >"$work/root/file"
write third
! cmp -s "$work/first.tar.digest" "$work/third.tar.digest" || fail "other files, but the same digest"

mkdir "$work/open"
tar -C "$work/open" -xf "$work/third.tar"
for blob in "$work"/open/blobs/sha256/*; do
	[ "$(sha256sum "$blob" | cut -d ' ' -f 1)" = "$(basename "$blob")" ] || fail "$blob is misnamed"
done
grep -q "\"digest\":\"$(cat "$work/third.tar.digest")\"" "$work/open/index.json" ||
	fail "the index does not name the manifest's digest"
grep -q '"io.containerd.image.name":"example.org/test/it:1"' "$work/open/index.json" ||
	fail "the index does not name the image"
echo "archives are reproducible and their digests hold"
