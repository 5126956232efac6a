{{/* A value of `snapshots`, or its default: `helm upgrade --reuse-values` knows no values that came with this chart.
Call with (dict "root" $ "value" "crds"). */}}
{{- define "kentledge.snapshots" -}}
{{- $values := .root.Values.snapshots | default dict -}}
{{- get $values .value | default "auto" -}}
{{- end }}

{{/* "true" if this release is to write the CRD: it is not there, or it is of this release, or all are to be written
("always"); but never in the place of one that has more versions or another approval, such as a newer one, or that converts
by a webhook, without which its objects could not be read. Call with (dict "root" $ "crd" CRD). */}}
{{- define "kentledge.writesCRD" -}}
{{- $mode := include "kentledge.snapshots" (dict "root" .root "value" "crds") -}}
{{- if ne $mode "never" -}}
{{- $present := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" .crd.metadata.name -}}
{{- if not $present -}}
true
{{- else -}}
{{- $annotations := $present.metadata.annotations | default dict -}}
{{- $ours := and (eq (get $annotations "meta.helm.sh/release-name") .root.Release.Name) (eq (get $annotations "meta.helm.sh/release-namespace") .root.Release.Namespace) -}}
{{- $approval := "api-approved.kubernetes.io" -}}
{{- $same := and (le (len $present.spec.versions) (len .crd.spec.versions)) (eq (get $annotations $approval) (get .crd.metadata.annotations $approval)) -}}
{{- $converts := ($present.spec.conversion | default dict).webhook -}}
{{- if and $same (not $converts) (or $ours (eq $mode "always")) -}}true{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* "true" if the API server serves VolumeSnapshotClasses already: helm can make none in the moment in which the CRDs
are new. */}}
{{- define "kentledge.servesSnapshots" -}}
{{- if .Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1/VolumeSnapshotClass" -}}true{{- end -}}
{{- end }}

{{/* The same for VolumeGroupSnapshotClasses: the version in which they are written; empty if none is served. */}}
{{- define "kentledge.servesGroups" -}}
{{- $group := "groupsnapshot.storage.k8s.io" -}}
{{- if .Capabilities.APIVersions.Has (printf "%s/v1/VolumeGroupSnapshotClass" $group) -}}
{{ $group }}/v1
{{- else if .Capabilities.APIVersions.Has (printf "%s/v1beta2/VolumeGroupSnapshotClass" $group) -}}
{{ $group }}/v1beta2
{{- end -}}
{{- end }}

{{/* The classes of one kind that a value has by name: (dict "root" $ "classes" … "apiVersion" … "kind" … "default"
"the annotation that makes one the default"). */}}
{{- define "kentledge.snapshotClasses" -}}
{{- $all := . }}
{{- range $name, $class := .classes | default dict }}
{{- if $class.create }}
---
apiVersion: {{ $all.apiVersion }}
kind: {{ $all.kind }}
metadata:
  name: {{ $name }}
  labels:
    {{- include "kentledge.labels" (dict "root" $all.root "component" "") | nindent 4 }}
  {{- if $class.default }}
  annotations:
    {{ $all.default }}: "true"
  {{- end }}
driver: kentledge.io
deletionPolicy: {{ $class.deletionPolicy | default "Delete" }}
{{- with $class.parameters }}
parameters:
  {{- range $key, $value := . }}
  {{ $key }}: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where a snapshot-controller of the cluster would hold its lease. */}}
{{- define "kentledge.snapshotControllerNamespace" -}}
{{- get (.Values.snapshots | default dict) "controllerNamespace" | default "kube-system" -}}
{{- end }}

{{/* "true" if the provisioner has to find out whether the cluster has a snapshot-controller. */}}
{{- define "kentledge.looksForSnapshotControllers" -}}
{{- $auto := eq (include "kentledge.snapshots" (dict "root" . "value" "controller")) "auto" -}}
{{- if and $auto (has "snapshot-controller" (include "kentledge.roles" . | fromJsonArray)) -}}true{{- end -}}
{{- end }}
