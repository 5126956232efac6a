# shellcheck shell=bash
# Debian packages unpacked without being installed: no daemon is started, and
# nothing of the machine changes.

# deb_unpack FOLDER PACKAGE...
deb_unpack() {
	local folder=$1 deb store=$CACHE/debs
	shift
	mkdir -p "$store" "$folder"
	deb_lists
	for package in "$@"; do
		compgen -G "$store/${package}_*.deb" >/dev/null ||
			(cd "$store" && apt-get -qq -o APT::Sandbox::User=root download "$package" >&2)
		deb=$(compgen -G "$store/${package}_*.deb" | sort -V | tail -n 1)
		dpkg-deb -x "$deb" "$folder"
	done
}

# A machine that never ran `apt-get update` knows no package.
deb_lists() {
	apt-cache show nginx-common >/dev/null 2>&1 || apt-get -qq update >&2
}
