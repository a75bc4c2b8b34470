{{- define "podshell.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "podshell.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "podshell.selector" -}}
app.kubernetes.io/name: {{ include "podshell.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "podshell.labels" -}}
{{ include "podshell.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "podshell.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "podshell.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "podshell.ticketKeySecret" -}}
{{- default (printf "%s-ticket-key" (include "podshell.fullname" .)) .Values.ticketKey.existingSecret }}
{{- end }}

{{- define "podshell.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* Name and port of publicUrl, as a browser sends them in Host. */}}
{{- define "podshell.authority" -}}
{{- (urlParse (trimSuffix "/" .Values.publicUrl)).host }}
{{- end }}

{{- /* Its name alone, for routes. */}}
{{- define "podshell.host" -}}
{{- regexReplaceAll ":[0-9]+$" (include "podshell.authority" .) "" }}
{{- end }}

{{- /* Names that a cluster-wide object has to itself. */}}
{{- define "podshell.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "podshell.fullname" .) }}
{{- end }}
