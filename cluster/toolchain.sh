# shellcheck shell=bash
# The Go that builds the cluster: the one on PATH if it is new enough for
# go.mod; else Debian's, which is too old to build but can fetch, through the
# module proxy, the module that holds a newer one.

FETCHED_GO_VERSION=1.26.8

go_required() { awk '$1 == "go" { print $2 }' "$CLUSTER_FOLDER/go.mod"; }

# go_setup: GO and, for a fetched Go, GOROOT are set and exported.
go_setup() {
	export GOTOOLCHAIN=local GOFLAGS="-trimpath -buildvcs=false"
	GO=$(command -v go || true)
	if ! go_is_fit "$GO"; then
		go_install_debian
		go_fetch
	fi
	# A module that the proxy lacks fails at once, instead of by a clone.
	GOPROXY=$("$GO" env GOPROXY | sed 's/,direct$//')
	export GO GOPROXY
}

go_is_fit() { # PROGRAM
	local version
	[ -n "$1" ] || return 1
	version=$("$1" env GOVERSION 2>/dev/null) || return 1
	version_at_least "${version#go}" "$(go_required)"
}

version_at_least() { # VERSION MINIMUM
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

go_install_debian() {
	command -v go >/dev/null || "$CLUSTER_FOLDER/../.ci/packages" go
}

# Module archives carry no permission bits: programs are marked as such here.
go_fetch() {
	local module=golang.org/toolchain@v0.0.1-go$FETCHED_GO_VERSION.linux-amd64 folder
	say "fetching Go $FETCHED_GO_VERSION ($(go env GOVERSION) is older than go.mod asks for)"
	folder=$(cd / && GOFLAGS=-modcacherw go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
	[ -x "$folder/bin/go" ] || chmod -R u+w,a+x "$folder/pkg/tool" "$folder/bin"
	export GOROOT=$folder
	GO=$folder/bin/go
}
