# shellcheck shell=bash disable=SC2034
# Stand-ins for the images of Kubernetes' storage suite. Most of them are the trial cluster's own under another name;
# agnhost holds the suite's own program, which AGNHOST names.

SUITE_PAUSE_CONFIG=$PAUSE_CONFIG
SUITE_BUSYBOX_CONFIG=$BUSYBOX_CONFIG
SUITE_GLIBC_CONFIG=$BUSYBOX_CONFIG
SUITE_NGINX_CONFIG=$NGINX_CONFIG
SUITE_AGNHOST_CONFIG="{$SHELL_PATH,\"Entrypoint\":[\"/agnhost\"],\"Cmd\":[\"pause\"],\"WorkingDir\":\"/\"}"
SUITE_POPULATOR_CONFIG="{$SHELL_PATH,\"Entrypoint\":[\"/populator\"],\"WorkingDir\":\"/\"}"

suite_pause_inputs() { pause_inputs; }
suite_pause_root() { pause_root "$1"; }
suite_busybox_inputs() { suite_inputs; }
suite_busybox_root() { suite_root "$1"; }
suite_glibc_inputs() { suite_inputs; }
suite_glibc_root() { suite_root "$1"; }
suite_nginx_inputs() { nginx_inputs; }
suite_nginx_root() { nginx_root "$1"; }
suite_agnhost_inputs() {
	suite_inputs
	echo "$IMAGES_FOLDER/nsenter.sh"
	echo "${AGNHOST:?the program agnhost}"
}

suite_inputs() {
	busybox_inputs
	echo "$IMAGES_FOLDER/suite.sh"
}

# The suite reads and writes devices with flags that busybox's dd does not know.
suite_root() { # ROOT
	local program
	busybox_root "$1"
	for program in dd stat; do
		rm -f "$1/bin/$program"
		root_add_program "$1" "$(command -v "$program")" "/bin/$program"
		root_add_libraries "$1" "$(command -v "$program")"
	done
}

suite_agnhost_root() { # ROOT
	suite_root "$1"
	root_add_program "$1" "$AGNHOST" /agnhost
	rm -f "$1/bin/nsenter"
	root_add_program "$1" "$IMAGES_FOLDER/nsenter.sh" /bin/nsenter
}

suite_populator_inputs() {
	busybox_inputs
	echo "$IMAGES_FOLDER/suite.sh"
	echo "$IMAGES_FOLDER/populator.sh"
	command -v kubectl
}

suite_populator_root() { # ROOT
	busybox_root "$1"
	root_add_program "$1" "$(command -v kubectl)" /bin/kubectl
	root_add_libraries "$1" "$(command -v kubectl)"
	root_add_program "$1" "$IMAGES_FOLDER/populator.sh" /populator
}
