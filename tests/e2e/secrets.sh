#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Classes that name Secrets. The key of an encrypted volume goes from its Secret to the node by the kubelet alone. A Secret
# for the provisioner's own calls is read where the chart's value says so and nowhere else, and told nowhere.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

MARKER="a marker that must not be on the disk"
PASSWORD=pX7-correct-horse-battery-staple-Qz9

main() {
	use_kentledge
	[ -e /sys/fs/ext4/features/encryption ] || skip "this kernel does not encrypt ext4 (CONFIG_FS_ENCRYPTION)"
	encrypted_volume
	without_the_value
	with_the_value
	deleted_without_its_secret
}

# --- encryption: the Secret has the claim's name and namespace.

STAGE=csi.storage.k8s.io/node-stage-secret

encrypted_volume() {
	class "$NAMESPACE-sealed" WaitForFirstConsumer \
		"encryption: fscrypt, $STAGE-name: \"\${pvc.name}\", $STAGE-namespace: \"\${pvc.namespace}\"" | apply
	{ claim vault 64Mi "$NAMESPACE-sealed" && pod first vault "echo $MARKER >/data/page; sync; sleep 600"; } | apply
	must 90 "without the Secret the pod's event names it" claim_event first 'secrets? "vault" not found'
	kubectl create secret generic vault --from-literal="encryptionKey=$(openssl rand -base64 32)" >/dev/null
	must 150 "with the Secret the pod runs" pod_is_ready first
	must 20 "it has written" wrote
	[ "$(field pv "$(volume_of vault)" .spec.csi.nodeStageSecretRef.namespace)" = "$NAMESPACE" ] ||
		fail "the PersistentVolume does not name the Secret"
	kubectl delete pod first >/dev/null
	! grep -q "$MARKER" "$(node_pool 1)/volumes/$(volume_of vault)/image" || fail "the file can be read on the disk"
	ok "what the pod wrote cannot be read on the node's disk"
	pod second vault "cat /data/page" | apply
	must 90 "the next pod has run" pod_phase_is second Succeeded
	[ "$(kubectl logs second)" = "$MARKER" ] || fail "the next pod reads $(kubectl logs second)"
	ok "the next pod reads the file"
}

wrote() { [ "$(kubectl exec first -- cat /data/page)" = "$MARKER" ]; }

# --- the provisioner's own: the claim's annotation chooses the name, the class the namespace.

OWN=csi.storage.k8s.io/provisioner-secret

without_the_value() {
	class "$NAMESPACE-own" Immediate \
		"$OWN-name: \"\${pvc.annotations['e2e.kentledge.io/secret']}\", $OWN-namespace: \"\${pvc.namespace}\"" | apply
	claim own 64Mi "$NAMESPACE-own" |
		sed 's|^metadata: .*|metadata: {name: own, annotations: {e2e.kentledge.io/secret: login}}|' | apply
	claim bare 64Mi "$NAMESPACE-own" | apply
	must 60 "without the annotation the event says so" claim_event bare 'no annotation "e2e.kentledge.io/secret"'
	must 60 "without the right the event names the value" claim_event own "namespace $NAMESPACE .*provisioner.secretNamespaces"
	[ -z "$(field pvc own '.metadata.finalizers[]? | select(startswith("kentledge.io"))')" ] ||
		fail "the claim was touched"
	ok "the claim was not touched"
	may_not get "$NAMESPACE"
}

with_the_value() {
	set_namespaces "[\"$NAMESPACE\"]"
	may get "$NAMESPACE"
	may_not list "$NAMESPACE"
	may_not get default
	may_not get kube-system
	must 150 "with the right the event says that the Secret is missing" claim_event own 'secrets? "login" not found'
	kubectl create secret generic login --from-literal="password=$PASSWORD" >/dev/null
	must 200 "with the Secret the claim is bound" claim_is_bound own
	is_not_told
}

deleted_without_its_secret() {
	local volume
	volume=$(volume_of own)
	kubectl delete secret login >/dev/null
	kubectl delete pvc own --wait=false >/dev/null
	must 30 "the volume is deleted without its Secret" volume_is_gone "$volume"
	log_has deployment/kentledge-provisioner "deleted without its Secret.*$NAMESPACE/login" || fail "it is not logged"
	is_not_told
}

account=system:serviceaccount:default:kentledge-provisioner

may() { # VERB NAMESPACE
	kubectl auth can-i "$1" secrets --namespace "$2" --as "$account" >/dev/null || fail "it may not $1 Secrets of $2"
	ok "the provisioner may $1 Secrets of $2"
}

may_not() { # VERB NAMESPACE
	! kubectl auth can-i "$1" secrets --namespace "$2" --as "$account" >/dev/null || fail "it may $1 Secrets of $2"
	ok "the provisioner may not $1 Secrets of $2"
}

set_namespaces() { # LIST: in JSON
	KUBECONFIG=$ADMIN_KUBECONFIG helm upgrade kentledge "$ROOT/charts/kentledge" --namespace default --reuse-values \
		--set-json "provisioner.secretNamespaces=$1" >/dev/null
}

# component/provisioner_memory looks for it in a process's memory.
is_not_told() {
	! log_has deployment/kentledge-provisioner "$PASSWORD" || fail "the Secret is in the log"
	! kubectl get events -o json | grep -q "$PASSWORD" || fail "the Secret is in an event"
	ok "the Secret is neither in the provisioner's log nor in an event"
}

undo() {
	set_namespaces '[]' || true
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found \
		"$NAMESPACE-sealed" "$NAMESPACE-own" >/dev/null
}

main
