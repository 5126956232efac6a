{{/* Labels of every object. Call with (dict "root" $ "component" "node"), component "" for none. */}}
{{- define "kentledge.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{ include "kentledge.selector" . }}
{{- end }}

{{/* The labels a program's pods are found by; they never change. */}}
{{- define "kentledge.selector" -}}
app.kubernetes.io/name: kentledge
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "kentledge.image" -}}
{{- $image := .Values.image -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) -}}
{{- with $image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* The node's pools as (dict "pools" list): what the values name, or the one in dataDir. */}}
{{- define "kentledge.pools" -}}
{{- $names := dict -}}
{{- range .pools -}}
{{- if hasKey $names .name }}{{ fail (printf "node.pools: two have the name %s" .name) }}{{ end -}}
{{- $_ := set $names .name true -}}
{{- end -}}
{{- toYaml (dict "pools" (.pools | default (list (dict "name" "default" "hostPath" .dataDir)))) -}}
{{- end }}

{{/* --reserve-percent: for all pools, then for those that have their own. */}}
{{- define "kentledge.reserve" -}}
{{ .reservePercent }}
{{- range .pools }}{{ if hasKey . "reservePercent" }},{{ .name }}={{ .reservePercent }}{{ end }}{{ end }}
{{- end }}

{{/* What all pods of the chart say; call with (dict "root" $ "values" .Values.node). */}}
{{- define "kentledge.pod" -}}
enableServiceLinks: false
terminationGracePeriodSeconds: 15
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
  {{- end }}
{{- end }}
{{- with .values }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Who a pod is, as its program asks for it. */}}
{{- define "kentledge.identity" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POD_UID
  valueFrom: {fieldRef: {fieldPath: metadata.uid}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
{{- end }}

{{/* Liveness and readiness on the container's port named http. */}}
{{- define "kentledge.probes" -}}
livenessProbe:
  httpGet: {path: /healthz, port: http}
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 3
{{- end }}

{{/* For programs that need nothing but the network. */}}
{{- define "kentledge.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "kentledge.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
