#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The chart without a cluster: it lints, renders for several sets of values, gives the rights and
# only the rights that are meant, makes certificates that fit together, and refuses wrong values.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

CHART=$ROOT/charts/kentledge

main() {
	needs helm openssl
	helm lint --strict "$CHART"
	renders_for_several_sets_of_values
	node_plugin_has_no_token
	other_programs_have_no_privileges
	roles_bring_their_rights
	snapshot_controller_brings_its_rights
	secrets_are_read_where_a_value_says_so
	snapshot_kinds_are_written_where_a_value_says_so
	kinds_that_a_webhook_converts_are_left_alone
	one_authority_signs_both_certificates
	wrong_values_are_refused
}

render() { helm template kentledge "$CHART" --namespace storage "$@"; }

# renders EXPRESSION ARGUMENTS...: a line of the rendering matches EXPRESSION.
renders() {
	local expression=$1
	shift
	render "$@" >"$WORK/rendering"
	grep -Eq -- "$expression" "$WORK/rendering" || fail "helm template $*: no line matches $expression"
	ok "helm template $* renders $expression"
}

leaves_out() {
	local expression=$1
	shift
	render "$@" >"$WORK/rendering"
	! grep -Eq -- "$expression" "$WORK/rendering" || fail "helm template $*: a line matches $expression"
	ok "helm template $* leaves out $expression"
}

renders_what_newer_releases_know() {
	renders '^  nodeAllocatableUpdatePeriodSeconds: 60$' --kube-version 1.36.0
	renders '^  nodeAllocatableUpdatePeriodSeconds: 60$' --kube-version 1.36.0 \
		--set-json node.allocatableUpdateSeconds=null
	leaves_out 'nodeAllocatableUpdatePeriodSeconds' --kube-version 1.35.4
	leaves_out 'nodeAllocatableUpdatePeriodSeconds' --kube-version 1.37.2 \
		--set node.allocatableUpdateSeconds=0
	renders '^  preventPodSchedulingIfMissing: true$' --kube-version 1.37.2
	renders '^  preventPodSchedulingIfMissing: true$' --kube-version 1.37.2 \
		--set-json node.preventPodSchedulingIfMissing=null
	renders '^  preventPodSchedulingIfMissing: false$' --kube-version 1.37.2 \
		--set node.preventPodSchedulingIfMissing=false
	leaves_out 'preventPodSchedulingIfMissing' --kube-version 1.36.0
}

renders_for_several_sets_of_values() {
	renders '^ +image: docker.io/kentledge/kentledge:0.1.0$'
	renders '^ +image: docker.io/kentledge/kentledge:v7$' --set image.tag=v7
	renders "kentledge:0.1.0@sha256:$(printf 'a%.0s' {1..64})\$" \
		--set "image.digest=sha256:$(printf 'a%.0s' {1..64})"
	renders 'is-default-class: "true"'
	leaves_out 'is-default-class' --set storageClasses.kentledge.default=false
	leaves_out 'name: kentledge-directory'
	renders 'enforce: "false"' --set storageClasses.kentledge-directory.create=true
	renders '^kind: Issuer' --set tls.source=certManager
	leaves_out '^kind: Issuer' --set tls.source=certManager \
		--set tls.issuerRef.name=ours --set tls.issuerRef.kind=ClusterIssuer
	leaves_out '^kind: Secret' --set tls.source=existing
	leaves_out '^kind: NetworkPolicy' --set networkPolicy.enabled=false
	leaves_out 'kentledge-controller' --set controller.enabled=false
	renders '--pool=default=/var/lib/kentledge/pool$'
	renders '--pool=default=/srv/volumes/pool$' --set node.dataDir=/srv/volumes
	renders '--reserve-percent=auto$'
	renders '--reserve-percent=7$' --set node.reservePercent=7
	notes_speak_of_shared_disks
	renders '--provisioning=auto$'
	renders '--provisioning=thin$' --set node.provisioning=thin
	# As with --reuse-values, from a release that did not have the value.
	renders '--provisioning=auto$' --set-json node.provisioning=null
	renders '--max-volumes=0$'
	renders '--max-volumes=110$' --set node.maxVolumes=110
	renders_what_newer_releases_know
	renders_several_pools
	renders_inline_volumes_only_when_asked
	renders 'pool: "fast"' --set storageClasses.kentledge.parameters.pool=fast
	renders '^  name: scratch$' --set storageClasses.scratch.create=true \
		--set storageClasses.scratch.parameters.backend=directory
	renders '--csi-socket=/data/kubelet/plugins/kentledge.io/csi.sock' \
		--set node.kubeletDir=/data/kubelet
	renders '^ +mountPath: /sys/devices/virtual$'
	renders '^ +- name: private-registry$' --set 'imagePullSecrets={private-registry}'
	renders '^ +- name: private-registry$' --set 'imagePullSecrets[0].name=private-registry'
	renders_for_a_parent_chart
	leaves_out '^kind: VolumeAttributesClass' --api-versions storage.k8s.io/v1/VolumeAttributesClass
	renders '^  readIops: "1000"$' --set attributesClasses.kentledge-limited.create=true \
		--api-versions storage.k8s.io/v1/VolumeAttributesClass
	leaves_out '^kind: VolumeAttributesClass' --set attributesClasses.kentledge-limited.create=true \
		--kube-version 1.33.0
	renders '^ +- key: topology.kentledge.io/node$' --set-json \
		'storageClasses.kentledge.allowedTopologies=[{"matchLabelExpressions":[{"key":"topology.kentledge.io/node","values":["node1"]}]}]'
}

# As a dependency with `condition: kentledge.enabled`, the chart sees that value.
renders_for_a_parent_chart() {
	renders '^kind: DaemonSet' --set enabled=true
}

# The notes are no part of `helm template`.
notes_speak_of_shared_disks() {
	helm install kentledge "$CHART" --namespace storage --dry-run=client >"$WORK/notes"
	grep -q 'event="pool shares its disk with the node' "$WORK/notes" ||
		fail "the notes do not say how a shared disk is found"
	grep -q 'kentledge_pool_shares_node_disk' "$WORK/notes" || fail "the notes do not name the metric"
	ok "the notes speak of disks that pools share"
}

renders_several_pools() {
	local two=(--set 'node.pools[0].name=fast' --set 'node.pools[0].hostPath=/mnt/nvme'
		--set 'node.pools[0].reservePercent=10'
		--set 'node.pools[1].name=bulk' --set 'node.pools[1].hostPath=/mnt/disk')
	renders '--pool=fast=/mnt/nvme/pool,bulk=/mnt/disk/pool$' "${two[@]}"
	renders '--reserve-percent=auto,fast=10$' "${two[@]}"
	renders '^ +mountPath: /mnt/nvme$' "${two[@]}"
	renders 'hostPath: \{path: /mnt/disk, type: DirectoryOrCreate\}' "${two[@]}"
	leaves_out '/var/lib/kentledge' "${two[@]}"
	renders '--pool-policy=first$' "${two[@]}" --set node.poolPolicy=first
}

renders_inline_volumes_only_when_asked() {
	renders '^  volumeLifecycleModes: \[Persistent\]$'
	leaves_out '--ephemeral'
	renders '^  volumeLifecycleModes: \[Persistent, Ephemeral\]$' --set node.ephemeral.enabled=true
	renders '--ephemeral-max-size=1Gi$' --set node.ephemeral.enabled=true
	renders '--ephemeral-pools=fast,bulk$' --set node.ephemeral.enabled=true \
		--set 'node.ephemeral.pools={fast,bulk}'
}

# section KIND NAME: one object of the last rendering. Not in a pipe to `grep -q`, which ends at its
# first match: pipefail would take the end of the writer by SIGPIPE for a failure.
section() {
	awk -v RS='(^|\n)---\n' -v kind="kind: $1" -v name="\n  name: $2\n" \
		'index($0, kind) && index($0, name)' "$WORK/rendering"
}

node_plugin_has_no_token() {
	render >"$WORK/rendering"
	grep -q 'automountServiceAccountToken: false' < <(section DaemonSet kentledge-node) ||
		fail "the node plugin's pod gets an API token"
	! grep -q . < <(section ClusterRoleBinding kentledge-node) || fail "the node plugin has rights"
	ok "the node plugin has neither token nor rights"
}

other_programs_have_no_privileges() {
	local program word
	for program in provisioner controller; do
		for word in 'runAsNonRoot: true' 'readOnlyRootFilesystem: true' 'drop: \[ALL\]' \
			'allowPrivilegeEscalation: false' 'type: RuntimeDefault'; do
			grep -q "$word" < <(section Deployment "kentledge-$program") ||
				fail "kentledge-$program lacks $word"
		done
		! grep -Eq 'privileged: true|hostPath' < <(section Deployment "kentledge-$program") ||
			fail "kentledge-$program reaches into its node"
		! grep -Eq '\*|secrets' < <(section ClusterRole "kentledge-$program") ||
			fail "kentledge-$program may more than it needs"
		changes_only_its_own "$program"
	done
	grep -q 'pods/finalizers' < <(section ClusterRole kentledge-controller) ||
		fail "kentledge-controller cannot name a pod as an owner that its claims wait for"
	ok "provisioner and controller have no privileges"
}

# In a namespace that others share, kube-system say, it must not reach their leases and sets: a rule
# of its Role that is not for reading all, or for creating, names its objects. Capacity objects cannot be named ahead:
# there is one for each node and class.
changes_only_its_own() { # PROGRAM
	local unnamed
	unnamed=$(section Role "kentledge-$1" | awk '
		/^  - apiGroups/ { named = 0 }
		/^    resourceNames:/ || /^    resources: \[csistoragecapacities\]/ { named = 1 }
		/^    verbs:/ && /patch|update|delete/ && !named')
	[ -z "$unnamed" ] ||
		fail "kentledge-$1 may change what is not its own in its namespace"
}

secret_file() { # SECRET FILE
	section Secret "$1" | awk -v file="$2:" '$1 == file { print $2 }' | base64 -d
}

one_authority_signs_both_certificates() {
	local program
	render >"$WORK/rendering"
	for program in node provisioner; do
		secret_file "kentledge-$program-tls" ca.crt >"$WORK/$program.ca"
		secret_file "kentledge-$program-tls" tls.crt >"$WORK/$program.crt"
		secret_file "kentledge-$program-tls" tls.key >"$WORK/$program.key"
		openssl verify -CAfile "$WORK/$program.ca" \
			-verify_hostname "kentledge-$program" "$WORK/$program.crt"
		cmp <(openssl pkey -in "$WORK/$program.key" -pubout) \
			<(openssl x509 -in "$WORK/$program.crt" -noout -pubkey) ||
			fail "the key of kentledge-$program is another certificate's"
	done
	cmp "$WORK/node.ca" "$WORK/provisioner.ca" || fail "there are two authorities"
	ok "one authority signs both certificates"
}

# refuses WORD ARGUMENTS...: helm fails and its message has WORD.
refuses() {
	local word=$1
	shift
	if render "$@" >"$WORK/rendering" 2>"$WORK/refusal"; then fail "helm template $* is accepted"; fi
	grep -q -- "$word" "$WORK/refusal" || {
		cat "$WORK/refusal"
		fail "helm template $*: the message does not name $word"
	}
	ok "helm template $* is refused: $(grep -m1 -- "$word" "$WORK/refusal")"
}

# A role that is switched off has no rights. As with --reuse-values, no list means all of them.
roles_bring_their_rights() {
	local list
	for list in '["provision","reclaim","resize","modify","capacity","snapshot","snapshot-controller","nodes","health"]' null; do
		renders '--roles=provision,reclaim,resize,modify,capacity,snapshot,snapshot-controller,nodes,health$' --set-json "provisioner.roles=$list"
		provisioner_may 'verbs: \[get, list, watch, create, patch, delete\]'
		grep -q 'csistoragecapacities' < <(section Role kentledge-provisioner) ||
			fail "kentledge-provisioner cannot write capacity objects"
		grep -q 'storageCapacity: true' < <(section CSIDriver kentledge.io) ||
			fail "the scheduler does not read capacity objects"
	done
	provisioner_may_not 'csistoragecapacities'
	renders '--roles=reclaim$' --set-json 'provisioner.roles=["reclaim"]'
	provisioner_may 'verbs: \[get, list, watch, patch, delete\]'
	provisioner_may_not 'storageclasses'
	provisioner_may_not 'watch, create'
	renders '--roles=provision$' --set-json 'provisioner.roles=["provision"]'
	provisioner_may 'storageclasses'
	provisioner_may 'volumesnapshots\]'
	provisioner_may_not 'delete|volumesnapshots/status|groupsnapshot'
	! grep -Eq 'csistoragecapacities|deployments' "$WORK/rendering" ||
		fail "without the role capacity, kentledge-provisioner has its rights"
	grep -q 'storageCapacity: false' < <(section CSIDriver kentledge.io) ||
		fail "without the role capacity, the scheduler reads capacity objects"
	renders '--roles=resize$' --set-json 'provisioner.roles=["resize"]'
	provisioner_may 'persistentvolumeclaims/status'
	provisioner_may 'verbs: \[get, list, watch, patch\]'
	provisioner_may_not 'create, patch, delete|storageclasses'
	grep -q 'external-resizer-kentledge-io' < <(section Role kentledge-provisioner) ||
		fail "kentledge-provisioner cannot hold the lease of the role resize"
	renders '--roles=modify$' --set-json 'provisioner.roles=["modify"]'
	provisioner_may 'persistentvolumeclaims/status'
	provisioner_may 'volumeattributesclasses'
	provisioner_may 'verbs: \[get, list, watch, patch\]'
	provisioner_may_not 'create, patch, delete|storageclasses|volumesnapshot'
	grep -q 'external-resizer-kentledge-io' < <(section Role kentledge-provisioner) ||
		fail "kentledge-provisioner cannot hold the lease of the role modify"
	renders '--feature-gates=CrossNamespaceVolumeDataSource=true$' --set provisioner.crossNamespaceSources=true
	provisioner_may 'referencegrants'
	renders '--roles=reclaim$' --set provisioner.crossNamespaceSources=true --set-json 'provisioner.roles=["reclaim"]'
	provisioner_may_not 'referencegrants'
	renders '--controller-publish-readonly=true$' --set provisioner.publishReadOnly=true
	provisioner_may_not 'referencegrants'
	leaves_out '--feature-gates|--controller-publish-readonly'
	renders '--roles=snapshot$' --set-json 'provisioner.roles=["snapshot"]'
	provisioner_may 'volumesnapshotcontents/status'
	provisioner_may 'volumesnapshotclasses'
	provisioner_may 'volumegroupsnapshotcontents/status'
	provisioner_may 'volumegroupsnapshotclasses'
	provisioner_may 'verbs: \[get, list, watch, patch\]'
	provisioner_may_not 'create, patch, delete|storageclasses|persistentvolumeclaims|volumesnapshots'
	grep -q 'external-snapshotter-leader-kentledge-io' < <(section Role kentledge-provisioner) ||
		fail "kentledge-provisioner cannot hold the lease of the role snapshot"
	renders '--roles=nodes$' --set-json 'provisioner.roles=["nodes"]'
	provisioner_may 'verbs: \[get, list, watch, patch, delete\]'
	provisioner_may_not 'watch, create|storageclasses|persistentvolumeclaims/status'
	renders '--node-gone-after=24h$'
	renders '--node-gone-after=5m$' --set nodes.goneAfter=5m
	renders '--forget-released=false$' --set nodes.forgetReleased=false
	leaves_out '--node-gone-after' --set-json nodes=null
	helm install kentledge "$CHART" --namespace storage --dry-run=client --set nodes.goneAfter=90m >"$WORK/notes"
	grep -q '^Nodes: one whose Node object has been deleted for 90m is gone' "$WORK/notes" || fail "the notes do not say when a node is gone"
	renders '--roles=capacity$' --set-json 'provisioner.roles=["capacity"]'
	provisioner_may 'storageclasses'
	provisioner_may_not 'create, patch, delete|persistentvolumeclaims|volumesnapshot'
	renders '--roles=snapshot-controller$' --set-json 'provisioner.roles=["snapshot-controller"]'
	provisioner_may 'persistentvolumeclaims\]'
	provisioner_may 'volumesnapshotcontents\]'
	provisioner_may_not 'volumeattributesclasses'
	renders '--health-poll-interval=60$' --set-json 'provisioner.healthSeconds=null'
	leaves_out '--health-poll-interval' --set-json 'provisioner.roles=["nodes"]'
	renders '--health-poll-interval=5$' --set provisioner.healthSeconds=5 --set-json 'provisioner.roles=["health"]'
	provisioner_may 'persistentvolumeclaims/status'
	provisioner_may_not 'get, list, watch, |delete|storageclasses'
}

# The rights of the part of a snapshot-controller, and of the look for another one.
snapshot_controller_brings_its_rights() {
	renders '--snapshot-controller=auto$'
	provisioner_may 'volumesnapshots/status'
	provisioner_may 'volumegroupsnapshots/status'
	grep -A 1 'resources: \[volumesnapshots\]' < <(section ClusterRole kentledge-provisioner) | grep -q 'create.*delete' ||
		fail "kentledge-provisioner cannot make and remove members and its probe"
	! grep -q 'volumesnapshots' < <(section Role kentledge-provisioner) || fail "a right to VolumeSnapshots is there twice"
	grep -q 'snapshot-controller-leader' < <(section Role kentledge-provisioner) ||
		fail "kentledge-provisioner cannot see the lease of a snapshot-controller beside it"
	grep -q 'namespace: kube-system' < <(section Role kentledge-provisioner-snapshots) ||
		fail "kentledge-provisioner cannot see the lease of a snapshot-controller"
	renders '--snapshot-controller-namespace=storage-system$' --set snapshots.controllerNamespace=storage-system
	renders '--snapshot-controller=always$' --set snapshots.controller=always
	provisioner_may 'volumesnapshots/status'
	! grep -q 'snapshot-controller-leader' "$WORK/rendering" || fail "there are rights for a look that is not taken"
	leaves_out 'snapshot-controller' --set snapshots.controller=never
	provisioner_may_not 'volumesnapshots/status|volumegroupsnapshots/status'
}

# No right to Secrets but `get`, in the namespaces that the value names and no others.
secrets_are_read_where_a_value_says_so() {
	local rules
	leaves_out 'resources: \[.*secrets|provisioner-secrets'
	leaves_out 'provisioner-secrets' --set-json provisioner.secretNamespaces=null
	leaves_out 'provisioner-secrets' --set 'provisioner.secretNamespaces={keys}' --set 'provisioner.roles={capacity}'
	renders '^  namespace: "keys"$' --set 'provisioner.secretNamespaces={keys,more-keys}'
	[ "$(grep -c '^  name: kentledge-provisioner-secrets$' "$WORK/rendering")" = 6 ] ||
		fail "not a Role, a RoleBinding and its reference for each of the two namespaces"
	rules=$(section Role kentledge-provisioner-secrets | grep -E '^    (resources|verbs):' | sort -u)
	[ "$rules" = $'    resources: [secrets]\n    verbs: [get]' ] || fail "the rules for Secrets are $rules"
	! grep -q 'secrets' < <(section ClusterRole kentledge-provisioner) ||
		fail "kentledge-provisioner may read Secrets of the whole cluster"
	grep -A 4 '^subjects:' < <(section RoleBinding kentledge-provisioner-secrets) | grep -q 'namespace: storage$' ||
		fail "the right to Secrets is not that of the release's account"
	ok "the provisioner may get Secrets in the namespaces of the value alone"
	helm install kentledge "$CHART" --namespace storage --dry-run=client --set 'provisioner.secretNamespaces={keys}' >"$WORK/notes"
	grep -q '^Secrets: kentledge-provisioner may read those of keys' "$WORK/notes" || fail "the notes do not name the namespace"
	renders 'csi.storage.k8s.io/node-stage-secret-name: "\$\{pvc.name\}"' \
		--set storageClasses.kentledge.parameters.encryption=fscrypt \
		--set "storageClasses.kentledge.parameters.csi\.storage\.k8s\.io/node-stage-secret-name=\${pvc.name}" \
		--set 'storageClasses.kentledge.parameters.csi\.storage\.k8s\.io/node-stage-secret-namespace=keys'
}

# Without a cluster helm looks up nothing, so a copy of the chart gets the answer: each kind is there, with CONVERSION.
renders_beside_kinds_with() {
	local present="mergeOverwrite (deepCopy .crd) (dict \"spec\" (dict \"conversion\" ($1)))"
	rm -rf "$WORK/chart"
	cp -r "$CHART" "$WORK/chart"
	sed -i "s/lookup .* \"CustomResourceDefinition\" \"\" .crd.metadata.name/$present/" "$WORK/chart/templates/_snapshots.tpl"
	helm template kentledge "$WORK/chart" --namespace storage --set snapshots.crds=always >"$WORK/rendering"
}

kinds_that_a_webhook_converts_are_left_alone() {
	renders_beside_kinds_with 'dict "strategy" "None"'
	[ "$(grep -c '^kind: CustomResourceDefinition$' "$WORK/rendering")" = 6 ] || fail "snapshots.crds=always does not write over kinds"
	renders_beside_kinds_with 'dict "strategy" "Webhook" "webhook" (dict "conversionReviewVersions" (list "v1"))'
	! grep -q '^kind: CustomResourceDefinition$' "$WORK/rendering" || fail "helm would take its webhook from a kind"
	ok "kinds that a webhook converts are left alone"
}

# Helm removes none of them, since the snapshots of all drivers would go with them. The class needs its kind to be served.
snapshot_kinds_are_written_where_a_value_says_so() {
	local served=(--api-versions snapshot.storage.k8s.io/v1/VolumeSnapshotClass)
	renders '^kind: CustomResourceDefinition$'
	[ "$(grep -c '^kind: CustomResourceDefinition$' "$WORK/rendering")" = 6 ] || fail "there are not three kinds of snapshots and three of groups"
	[ "$(grep -c '^    helm.sh/resource-policy: keep$' "$WORK/rendering")" = 6 ] || fail "helm would remove a kind"
	[ "$(grep -c '^    api-approved.kubernetes.io: https' "$WORK/rendering")" = 6 ] || fail "a kind bears no approval"
	[ "$(grep -c '^    storage: true$' "$WORK/rendering")" = 6 ] || fail "a kind has not one version that is stored"
	renders '^kind: CustomResourceDefinition$' --set-json snapshots=null
	leaves_out '^kind: CustomResourceDefinition$' --set snapshots.crds=never
	leaves_out '^kind: VolumeSnapshotClass$'
	renders '^kind: VolumeSnapshotClass$' "${served[@]}"
	grep -q 'is-default-class: "true"' < <(section VolumeSnapshotClass kentledge) || fail "the class is not the default one"
	grep -q '^deletionPolicy: Delete$' < <(section VolumeSnapshotClass kentledge) || fail "the class does not say Delete"
	renders '^deletionPolicy: Retain$' "${served[@]}" --set snapshotClasses.kentledge.deletionPolicy=Retain
	leaves_out '^kind: VolumeSnapshotClass$' "${served[@]}" --set snapshotClasses.kentledge.create=false
	served=(--api-versions groupsnapshot.storage.k8s.io/v1/VolumeGroupSnapshotClass)
	leaves_out '^kind: VolumeGroupSnapshotClass$'
	renders '^kind: VolumeGroupSnapshotClass$' "${served[@]}"
	grep -q 'groupsnapshot.*is-default-class: "true"' < <(section VolumeGroupSnapshotClass kentledge) || fail "the class of groups is not the default one"
	renders '^apiVersion: groupsnapshot.storage.k8s.io/v1beta2$' --api-versions groupsnapshot.storage.k8s.io/v1beta2/VolumeGroupSnapshotClass
	leaves_out '^kind: VolumeGroupSnapshotClass$' "${served[@]}" --set groupSnapshotClasses.kentledge.create=false
}

provisioner_may() { # EXPRESSION
	grep -Eq "$1" < <(section ClusterRole kentledge-provisioner) ||
		fail "kentledge-provisioner lacks $1"
}

provisioner_may_not() { # EXPRESSION
	! grep -Eq "$1" < <(section ClusterRole kentledge-provisioner) ||
		fail "kentledge-provisioner has $1, which no role needs"
}

wrong_values_are_refused() {
	refuses replica --set provisioner.replica=2
	refuses roles --set 'provisioner.roles={provision,shrink}'
	refuses replicas --set controller.replicas=0
	refuses allocatableUpdateSeconds --set node.allocatableUpdateSeconds=5
	refuses goneAfter --set nodes.goneAfter=soon
	refuses healthSeconds --set provisioner.healthSeconds=0
	refuses forgetRelease --set nodes.forgetRelease=true
	refuses secretNamespaces --set 'provisioner.secretNamespaces={Keys}'
	refuses secretNamespaces --set provisioner.secretNamespaces=keys
	refuses encryption --set storageClasses.kentledge.parameters.encryption=luks
	refuses secret-nam --set 'storageClasses.kentledge.parameters.csi\.storage\.k8s\.io/node-stage-secret-nam=k'
	refuses backend --set storageClasses.kentledge.parameters.backend=lvm
	refuses blocksize --set storageClasses.kentledge.parameters.blocksize=4096
	refuses enforce --set storageClasses.kentledge-directory.parameters.enforce=false
	refuses apiGroup --set controller.apiGroup=extensions
	refuses dataDir --set node.dataDir=volumes
	refuses hostPath --set 'node.pools[0].name=fast' --set 'node.pools[0].hostPath=nvme'
	refuses name --set 'node.pools[0].name=Fast' --set 'node.pools[0].hostPath=/mnt/nvme'
	refuses fast --set 'node.pools[0].name=fast' --set 'node.pools[0].hostPath=/a' \
		--set 'node.pools[1].name=fast' --set 'node.pools[1].hostPath=/b'
	refuses poolPolicy --set node.poolPolicy=last
	refuses reservePercent --set node.reservePercent=95
	refuses reservePercent --set node.reservePercent=automatic
	refuses provisioning --set node.provisioning=fat
	refuses source --set tls.source=vault
	refuses renewBeforeDays --set tls.validityDays=30 --set tls.renewBeforeDays=30
	refuses size --set test.size=much
	refuses sharePercent --set node.ephemeral.sharePercent=0
	refuses controller --set snapshots.controller=perhaps
	refuses crds --set snapshots.crds=sometimes
	refuses deletionPolicy --set snapshotClasses.kentledge.deletionPolicy=Keep
	refuses deletionPolicy --set groupSnapshotClasses.kentledge.deletionPolicy=Keep
	refuses pool --set snapshotClasses.kentledge.parameters.pool=fast
	refuses backends --set 'node.ephemeral.backends={zfs}'
	refuses name --set 'imagePullSecrets[0].secret=private-registry'
	refuses matchLabelExpressions --set 'storageClasses.kentledge.allowedTopologies[0].zone=a'
}

main
