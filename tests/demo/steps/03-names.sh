# shellcheck shell=bash

step_names() {
	# shellcheck disable=SC2016
	show 'for i in 0 1; do kubectl exec "web-$i" -- sh -c hostname; done'
	check "the hostnames are web-0 and web-1" answer_is $'web-0\nweb-1'
}
