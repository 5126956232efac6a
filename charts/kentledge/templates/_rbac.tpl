{{/* What the provisioner does, as a list in JSON. `helm upgrade --reuse-values` knows no values that came
with this chart. */}}
{{- define "kentledge.roles" -}}
{{- $roles := .Values.provisioner.roles | default (list "provision" "reclaim" "resize" "modify" "capacity" "snapshot" "snapshot-controller" "nodes" "health") }}
{{- if eq (include "kentledge.snapshots" (dict "root" . "value" "controller")) "never" }}
{{- $roles = without $roles "snapshot-controller" }}
{{- end }}
{{- $roles | toJson }}
{{- end }}

{{/* The account of a component, and what binds its roles to it: (dict "root" $ "component" "…"). */}}
{{- define "kentledge.account" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: kentledge-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "kentledge.labels" . | nindent 4 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: kentledge-{{ .component }}
  labels:
    {{- include "kentledge.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: kentledge-{{ .component }}
subjects:
  - kind: ServiceAccount
    name: kentledge-{{ .component }}
    namespace: {{ .root.Release.Namespace }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: kentledge-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "kentledge.labels" . | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: kentledge-{{ .component }}
subjects:
  - kind: ServiceAccount
    name: kentledge-{{ .component }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
