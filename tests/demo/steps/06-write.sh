# shellcheck shell=bash disable=SC2016

step_write() {
	show 'for i in 0 1; do kubectl exec "web-$i" -- sh -c '\''echo "$(hostname)" > /usr/share/nginx/html/index.html'\''; done'
	pages_are_served
}

# Each replica serves the page that was written to its volume: its own name.
pages_are_served() {
	show_on_terminal 'for i in 0 1; do kubectl exec -i -t "web-$i" -- curl http://localhost/; done'
	check "the pages say web-0 and web-1" answer_is $'web-0\nweb-1'
}
