{{- define "headrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "headrace.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "headrace.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "headrace.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "headrace.selector" -}}
app.kubernetes.io/name: {{ include "headrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "headrace.labels" -}}
{{ include "headrace.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "headrace.image" -}}
{{- if not .Values.image.repository }}
{{- fail "image.repository is required, since no registry publishes the image: build it from the repository with 'docker build -t REGISTRY/headrace:0.1.0 .', push it (or, on a local cluster, 'kind load docker-image' it), and install with --set image.repository=REGISTRY/headrace" }}
{{- end }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* Jobs that run at once: the CPU request rounded up, at least 1. */}}
{{- define "headrace.slots" -}}
{{- if ne (toString .Values.slots) "auto" }}
{{- .Values.slots }}
{{- else }}
{{- $cpu := toString (dig "requests" "cpu" "1" .Values.resources) }}
{{- if hasSuffix "m" $cpu }}
{{- max 1 (ceil (divf (trimSuffix "m" $cpu) 1000)) | int }}
{{- else }}
{{- max 1 (ceil (float64 $cpu)) | int }}
{{- end }}
{{- end }}
{{- end }}

{{/* headrace.yaml: what the chart decides, over the user's config. */}}
{{- define "headrace.config" -}}
{{- $own := dict
      "server" (dict "listen" "0.0.0.0:8080" "slots" (include "headrace.slots" . | int))
      "management" (dict "listen" "0.0.0.0:8081")
      "shutdown" (dict "delay" (printf "%ds" (int .Values.shutdown.delaySeconds))
                       "drain" (printf "%ds" (int .Values.shutdown.drainSeconds))) }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) }}
{{- end }}
