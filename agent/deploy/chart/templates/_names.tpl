{{- define "pullcast.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "pullcast.controller" -}}
{{- include "pullcast.name" . }}-controller
{{- end -}}

{{- define "pullcast.labels" -}}
app.kubernetes.io/name: pullcast-agent
app.kubernetes.io/instance: {{ include "pullcast.name" . }}
app.kubernetes.io/managed-by: pullcast
{{- end -}}

{{- define "pullcast.controllerLabels" -}}
app.kubernetes.io/name: pullcast-controller
app.kubernetes.io/instance: {{ include "pullcast.name" . }}
app.kubernetes.io/managed-by: pullcast
{{- end -}}

{{/* The controller writes the revision into the DaemonSet: an upgrade keeps it. Before the first there is none. */}}
{{- define "pullcast.revision" -}}
{{- $name := include "pullcast.name" . -}}
{{- $pending := printf "%s-pending" $name -}}
{{- if .Values.agent.revision -}}
{{- .Values.agent.revision -}}
{{- else -}}
{{- $found := lookup "apps/v1" "DaemonSet" .Release.Namespace $name | default dict -}}
{{- dig "spec" "template" "metadata" "annotations" "pullcast.dev/revision" $pending $found -}}
{{- end -}}
{{- end -}}
