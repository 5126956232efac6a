# shellcheck shell=bash disable=SC2034
# kentledge's own image: the three programs from the build tree, the tools that
# make and check file systems, and their libraries. No shell, and no user
# but `nonroot` to run as unless the pod says otherwise.

KENTLEDGE_PROGRAMS=(node-plugin/kentledge-node provisioner/kentledge-provisioner
	controller/kentledge-controller)
FILE_SYSTEM_TOOLS=(mkfs.ext4 e2fsck resize2fs mkfs.xfs xfs_repair mkfs.btrfs btrfstune)
KENTLEDGE_CONFIG='{"User":"65532:65532","WorkingDir":"/",
"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'

kentledge_inputs() {
	local files=()
	mapfile -t files < <(kentledge_program_files && tool_files)
	libraries_of "${files[@]}"
	printf '%s\n' "${files[@]}" "$IMAGES_FOLDER/kentledge.sh" "$IMAGES_FOLDER/root.sh" \
		"$IMAGES_FOLDER/archive.sh"
}

kentledge_root() { # ROOT
	local program files=()
	root_make "$1"
	for program in $(kentledge_program_files); do
		root_add_program "$1" "$program" "/usr/bin/$(basename "$program")"
	done
	for program in $(tool_files); do
		root_add_program "$1" "$program" "/usr/sbin/$(basename "$program")"
	done
	mapfile -t files < <(kentledge_program_files && tool_files)
	root_add_libraries "$1" "${files[@]}"
	install -D -m 644 /etc/mke2fs.conf "$1/etc/mke2fs.conf"
}

kentledge_program_files() {
	local program
	for program in "${KENTLEDGE_PROGRAMS[@]}"; do
		[ -x "$BUILD/$program" ] ||
			fail "$BUILD/$program is not built: run ./dev build release first"
		echo "$BUILD/$program"
	done
}

tool_files() {
	local tool
	for tool in "${FILE_SYSTEM_TOOLS[@]}"; do
		PATH=/usr/sbin:/sbin:$PATH command -v "$tool" || fail "$tool is not installed"
	done
}
