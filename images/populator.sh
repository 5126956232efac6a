#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stands in for hello-populator, which the storage suite's case of any volume data source runs; the module proxy does not have
# its source. As the controller it fills a volume for each claim whose source is a Hello: a second claim, prime-<uid> in the
# controller's namespace, gets the volume, a pod writes into it, and then the volume is bound to the first claim instead.
set -eu

SELECTED_NODE=volume.kubernetes.io/selected-node

main() {
	mode='' namespace='' image='' file='' contents=''
	for argument; do
		value=${argument#*=}
		case $argument in
		--mode=*) mode=$value ;;
		--namespace=*) namespace=$value ;;
		--image-name=*) image=$value ;;
		--file-name=*) file=$value ;;
		--file-contents=*) contents=$value ;;
		esac
	done
	case $mode in
	populate) printf '%s' "$contents" >"$file" ;;
	controller)
		while sleep 2; do
			claims | while read -r claim; do
				# shellcheck disable=SC2086
				serve $claim
			done
		done
		;;
	esac
}

# A line for each claim whose source is a Hello; a claim without a volume says `-`.
claims() {
	kubectl get pvc --all-namespaces -o go-template='{{range .items}}
		{{- if and .spec.dataSourceRef (eq .spec.dataSourceRef.kind "Hello")}}
		{{- .metadata.namespace}} {{.metadata.name}} {{.metadata.uid}} {{.metadata.resourceVersion}} {{""}}
		{{- or .spec.volumeName "-"}} {{.spec.dataSourceRef.name}} {{.spec.storageClassName}} {{""}}
		{{- .spec.resources.requests.storage}} {{with .metadata.annotations}}
		{{- with index . "'$SELECTED_NODE'"}}{{.}}{{end}}{{end}}{{"\n"}}
		{{- end}}{{end}}'
}

serve() { # NAMESPACE NAME UID VERSION VOLUME HELLO CLASS SIZE [NODE]
	prime=prime-$3 pod=populate-$3
	if [ "$5" != - ]; then
		kubectl -n "$namespace" delete --ignore-not-found --wait=false pod/"$pod" pvc/"$prime"
		return
	fi
	case $(kubectl -n "$namespace" get pod "$pod" --ignore-not-found -o 'jsonpath={.status.phase}') in
	'') if is_due "$7" "${9:-}"; then make "$1" "$6" "$7" "$8" "${9:-}"; fi ;;
	Succeeded) hand_over "$1" "$2" "$3" "$4" ;;
	esac
}

# With late binding the scheduler chooses a node for the first claim; the volume is made there.
is_due() { # CLASS NODE
	[ -n "$2" ] ||
		[ "$(kubectl get storageclass "$1" -o 'jsonpath={.volumeBindingMode}')" = Immediate ]
}

make() { # NAMESPACE HELLO CLASS SIZE NODE
	file=$(kubectl -n "$1" get hellos.hello.example.com "$2" -o 'jsonpath={.spec.fileName}')
	contents=$(kubectl -n "$1" get hellos.hello.example.com "$2" -o 'jsonpath={.spec.fileContents}')
	kubectl -n "$namespace" apply -f - <<-YAML
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: {name: $prime, annotations: {$SELECTED_NODE: "$5"}}
		spec:
		  accessModes: [ReadWriteOnce]
		  storageClassName: $3
		  resources: {requests: {storage: $4}}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: $pod}
		spec:
		  restartPolicy: Never
		  nodeName: $5
		  containers:
		    - name: populate
		      image: $image
		      args: [--mode=populate, "--file-name=/target/$file", "--file-contents=$contents"]
		      volumeMounts: [{name: target, mountPath: /target}]
		  volumes: [{name: target, persistentVolumeClaim: {claimName: $prime}}]
	YAML
}

hand_over() { # NAMESPACE NAME UID VERSION
	volume=$(kubectl -n "$namespace" get pvc "$prime" -o 'jsonpath={.spec.volumeName}')
	kubectl patch pv "$volume" -p "{\"spec\":{\"claimRef\":{\"namespace\":\"$1\",\"name\":\"$2\",
		\"uid\":\"$3\",\"resourceVersion\":\"$4\"}}}"
}

main "$@"
