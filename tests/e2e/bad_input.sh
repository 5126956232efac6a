#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What cannot be served is refused where its user looks, with the field's name, and nothing is left
# of it; what is damaged is said, and nothing is lost.
set -euo pipefail
. "$(dirname "$0")/functions.sh"

main() {
	use_kentledge
	needs openssl
	classes_that_are_refused
	claims_that_are_refused
	what_the_api_refuses
	nothing_is_left_of_refusals
	handle_that_is_a_path
	damaged_record
	caller_without_certificate
}

undo() {
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete storageclass --ignore-not-found -l "e2e=$NAMESPACE" >/dev/null
	KUBECONFIG=$ADMIN_KUBECONFIG kubectl delete pv --ignore-not-found "$NAMESPACE-path" >/dev/null
}

# refused_class NAME PARAMETERS EXPRESSION: a claim of such a class tells its user.
refused_class() {
	local class=$NAMESPACE-$1
	{ class "$class" Immediate "$2" && claim "$1" 64Mi "$class"; } | apply
	kubectl label storageclass "$class" "e2e=$NAMESPACE" >/dev/null
	must 30 "class with {$2}: the claim's event says $3" claim_event "$1" "$3"
}

classes_that_are_refused() {
	refused_class unknown 'backend: loop, blocks: "4"' 'parameter "blocks" is unknown'
	refused_class backend 'backend: lvm' 'parameter backend: "lvm" is unknown'
	refused_class fstype 'csi.storage.k8s.io/fstype: zfs' 'fs_?type.*zfs'
	refused_class enforce 'backend: directory' 'parameter enforce: .*enforce: "false"'
	refused_class secret 'csi.storage.k8s.io/provisioner-secret-name: s' 'provisioner-secret-name stands alone'
	refused_class template "csi.storage.k8s.io/secret-name: s, csi.storage.k8s.io/secret-namespace: \"\${pvc.name}\"" \
		'secret-namespace: .*cannot stand there'
	refused_class key 'encryption: fscrypt' 'encryption: fscrypt needs a key.*node-stage-secret-name'
}

# refused_claim NAME EXPRESSION ARGUMENTS...: as for claim(), of a class that binds at once.
refused_claim() {
	local name=$1 expression=$2
	shift 2
	claim "$name" "$@" | apply
	must 30 "claim with $*: its event says $expression" claim_event "$name" "$expression"
}

claims_that_are_refused() {
	local class=$NAMESPACE-plain
	class "$class" Immediate | apply
	kubectl label storageclass "$class" "e2e=$NAMESPACE" >/dev/null
	refused_claim many 'spec.accessModes: ReadWriteMany' 64Mi "$class" ReadWriteMany
	refused_claim absurd 'no node .*has room for' 9Ei "$class"
	refused_claim large 'no node .*has room for' 900Ti "$class"
}

# Said by the API server before anything of ours sees it.
what_the_api_refuses() {
	local answer
	if answer=$(claim zero 0 | kubectl apply -f - 2>&1); then fail "a claim of size 0 is accepted"; fi
	grep -q 'spec.resources\[storage\].*greater than zero' <<<"$answer" || fail "size 0: $answer"
	ok "size 0: $answer"
	if answer=$(sed '/matchLabels:/ { n; s/nginx/other/ }' "$ROOT/tests/demo/web.yaml" | kubectl apply -f - 2>&1); then
		grep -q . <<<"$answer"
		fail "a set whose selector does not match its template is accepted"
	fi
	grep -q 'selector.*does not match template.*labels' <<<"$answer" || fail "selector: $answer"
	ok "selector: $(grep selector <<<"$answer")"
}

nothing_is_left_of_refusals() {
	local uid
	kubectl get pvc -o 'jsonpath={range .items[*]}{.metadata.uid}{"\n"}{end}' >"$WORK/uids"
	kubectl delete pvc --all --wait=false >/dev/null
	must 30 "the refused claims can be deleted" none pvc
	while read -r uid; do
		[ ! -e "$(node_pool 1)/volumes/pvc-$uid" ] || fail "volume pvc-$uid was made"
	done <"$WORK/uids"
	ok "no volume was made for them"
}

# A handle that is a path out of the pool: only an administrator can write such a PersistentVolume.
handle_that_is_a_path() {
	{
		cat <<-YAML
			apiVersion: v1
			kind: PersistentVolume
			metadata: {name: $NAMESPACE-path}
			spec:
			  accessModes: [ReadWriteOnce]
			  capacity: {storage: 64Mi}
			  persistentVolumeReclaimPolicy: Retain
			  storageClassName: ""
			  claimRef: {namespace: $NAMESPACE, name: path}
			  csi: {driver: kentledge.io, volumeHandle: ../../../etc}
		YAML
		claim path 64Mi '""'
		pod path path "sleep 600"
	} | apply
	must 60 "volumeHandle ../../../etc: the pod's event names it" claim_event path '\.\./\.\./\.\./etc'
	kubectl delete pod path --wait=false >/dev/null
	kubectl delete pvc path --wait=false >/dev/null
}

write_record() { # CLAIM: reads standard input
	cat >"$(node_pool 1)/volumes/$(volume_of "$1")/record"
}

damaged_record() {
	local record
	{ claim damaged && pod first damaged "echo precious >/data/word; sync"; } | apply
	must 60 "a pod has written" pod_phase_is first Succeeded
	kubectl delete pod first >/dev/null
	record=$(node_pool 1)/volumes/$(volume_of damaged)/record
	cp "$record" "$WORK/record"
	head -c 20 "$WORK/record" | write_record damaged
	pod second damaged "cat /data/word" | apply
	must 60 "truncated record: the pod's event names the file" claim_event second "record .*$(volume_of damaged)/record"
	write_record damaged <"$WORK/record"
	must 150 "with the record put back the pod runs" pod_phase_is second Succeeded
	[ "$(kubectl logs second)" = precious ] || fail "the data is lost"
	ok "the data was not touched"
}

# TCP port 9745, as somebody in the cluster's network would try it: only the provisioner's own
# certificate is answered, and another program's of the same authority is not.
caller_without_certificate() {
	local address
	address=$(kubectl get pods -n default -l app.kubernetes.io/component=node -o 'jsonpath={.items[0].status.podIP}')
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=kentledge-provisioner -addext subjectAltName=DNS:kentledge-provisioner \
		-keyout "$WORK/own.key" -out "$WORK/own.crt" 2>/dev/null
	certificate_of kentledge-provisioner
	certificate_of kentledge-node
	call "$address" kentledge-provisioner || fail "the provisioner is not answered"
	ok "a caller with the provisioner's certificate is answered"
	! call "$address" kentledge-node || fail "a caller with the node plugin's certificate is answered"
	ok "a caller with the node plugin's certificate is not answered"
	! call "$address" own || fail "a caller with a certificate of its own is answered"
	ok "a caller with a certificate of its own is not answered"
	! call "$address" || fail "a caller without a certificate is answered"
	ok "a caller without a certificate is not answered"
}

certificate_of() { # PROGRAM
	kubectl -n default get secret "$1-tls" -o 'jsonpath={.data.tls\.crt}' | base64 -d >"$WORK/$1.crt"
	kubectl -n default get secret "$1-tls" -o 'jsonpath={.data.tls\.key}' | base64 -d >"$WORK/$1.key"
}

# call ADDRESS [CERTIFICATE]: Probe (an empty message in its frame); succeeds if gRPC says OK.
call() {
	local certificate=()
	[ -z "${2:-}" ] || certificate=(--cert "$WORK/$2.crt" --key "$WORK/$2.key")
	printf '\0\0\0\0\0' | on_node 1 curl -sk --max-time 5 --http2 "${certificate[@]}" --dump-header - \
		--output /dev/null --header "content-type: application/grpc" --header "te: trailers" \
		--data-binary @- "https://$1:9745/csi.v1.Identity/Probe" >"$WORK/answer" 2>&1
	grep -qi '^grpc-status: 0' "$WORK/answer"
}

main
