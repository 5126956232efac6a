# shellcheck shell=bash
# The root folder of an image: a skeleton, programs, and the closure of the
# shared libraries that they load.

root_make() { # ROOT
	mkdir -p "$1"/{bin,dev,etc,home/nonroot,proc,root,run,sys,tmp,usr/bin,usr/sbin,var/lib,var/log}
	ln -s ../run "$1/var/run"
	chmod 1777 "$1/tmp"
	cat >"$1/etc/passwd" <<-TEXT
		root:x:0:0:root:/root:/bin/sh
		www-data:x:33:33:www-data:/var/www:/bin/false
		nobody:x:65534:65534:nobody:/:/bin/false
		nonroot:x:65532:65532:nonroot:/home/nonroot:/bin/false
	TEXT
	cat >"$1/etc/group" <<-TEXT
		root:x:0:
		www-data:x:33:
		nogroup:x:65534:
		nonroot:x:65532:
	TEXT
	printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$1/etc/nsswitch.conf"
}

root_add_program() { # ROOT FILE PATH
	install -D -m 755 "$(readlink -f "$2")" "$1$3"
}

# A library is named by the path at which the loader looks for it; what lies
# there is a link to the file with the whole version, and is copied as a file.
root_add_libraries() { # ROOT PROGRAM...
	local root=$1 library
	shift
	for library in $(libraries_of "$@"); do
		install -D -m 755 "$(readlink -f "$library")" "$root$library"
	done
}

libraries_of() { # PROGRAM...
	local program list
	for program in "$@"; do
		list=$(ldd "$program" 2>&1) || {
			[[ $list == *'not a dynamic executable'* ]] && continue
			fail "$program: $list"
		}
		[[ $list != *'not found'* ]] ||
			fail "$program needs libraries that are not installed: $(grep 'not found' <<<"$list")"
		awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' <<<"$list"
	done | sort -u
}

# root_add_busybox ROOT BUSYBOX: the program and a link for each of its names.
root_add_busybox() {
	local applet
	install -D -m 755 "$2" "$1/bin/busybox"
	for applet in $("$2" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$1/bin/$applet"
	done
	ln -sf ../../bin/env "$1/usr/bin/env"
}
