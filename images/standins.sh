# shellcheck shell=bash disable=SC2034
# Stand-ins for the images of others, for places where no registry answers:
# made of Debian's packages and, for two small programs, of sources here.

SHELL_PATH='"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]'
PAUSE_CONFIG='{"User":"65535:65535","Entrypoint":["/pause"],"WorkingDir":"/"}'
BUSYBOX_CONFIG="{$SHELL_PATH,\"Cmd\":[\"sh\"],\"WorkingDir\":\"/\"}"
NGINX_CONFIG="{$SHELL_PATH,\"Cmd\":[\"nginx\",\"-g\",\"daemon off;\"],
\"ExposedPorts\":{\"80/tcp\":{}},\"WorkingDir\":\"/\"}"
NGINX_NEW_CONFIG=$NGINX_CONFIG

# All that a stand-in is made of lies here, or comes from this Debian release.
standin_inputs() { # FILE...
	set -- archive.sh debs.sh root.sh standins.sh "$@"
	printf '%s\n' "${@/#/$IMAGES_FOLDER/}" /etc/debian_version
}
pause_inputs() { standin_inputs pause.c; }
busybox_inputs() { standin_inputs nslookup.c; }
nginx_inputs() { standin_inputs nginx.conf; }
# The same image under another name.
nginx_new_inputs() { nginx_inputs; }
nginx_new_root() { nginx_root "$1"; }

compile() { # SOURCE OUT FLAGS...
	local source=$1 out=$2
	shift 2
	"${CC:-cc}" -std=gnu11 -Os -s -Wall -Wextra -Werror "$@" -o "$out" "$IMAGES_FOLDER/$source" -lresolv
}

pause_root() { # ROOT
	mkdir -p "$1"
	compile pause.c "$1/pause" -static
}

busybox_root() { # ROOT
	root_make "$1"
	root_add_debian_busybox "$1"
	rm -f "$1/bin/nslookup"
	compile nslookup.c "$1/bin/nslookup"
}

# Not busybox-static: its shell runs its own nslookup, whatever /bin holds.
root_add_debian_busybox() { # ROOT
	deb_unpack "$WORK/busybox" busybox
	root_add_busybox "$1" "$WORK/busybox/bin/busybox"
	root_add_libraries "$1" "$WORK/busybox/bin/busybox"
}

nginx_root() { # ROOT
	root_make "$1"
	root_add_debian_busybox "$1"
	deb_unpack "$WORK/nginx" nginx nginx-common
	root_add_program "$1" "$WORK/nginx/usr/sbin/nginx" /usr/sbin/nginx
	root_add_program "$1" "$(command -v curl)" /usr/bin/curl
	root_add_libraries "$1" "$WORK/nginx/usr/sbin/nginx" "$(command -v curl)"
	mkdir -p "$1/var/lib/nginx" "$1/var/log/nginx" "$1/var/www" "$1/usr/share/nginx/html"
	install -D -m 644 "$WORK/nginx/etc/nginx/mime.types" "$1/etc/nginx/mime.types"
	install -m 644 "$IMAGES_FOLDER/nginx.conf" "$1/etc/nginx/nginx.conf"
	echo '<h1>Welcome to nginx!</h1>' >"$1/usr/share/nginx/html/index.html"
}
