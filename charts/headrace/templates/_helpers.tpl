{{- define "headrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for the suffixes of objects, at most "-management", and of pods. */}}
{{- define "headrace.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "headrace.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "headrace.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of the pods that serve. Selectors cannot be changed: nothing else may come in here. */}}
{{- define "headrace.selector" -}}
app.kubernetes.io/name: {{ include "headrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{/* Of every object: (dict "root" $ "component" "server"). */}}
{{- define "headrace.labels" -}}
{{- $own := dict
      "app.kubernetes.io/name" (include "headrace.name" .root)
      "app.kubernetes.io/instance" .root.Release.Name
      "app.kubernetes.io/component" .component
      "app.kubernetes.io/version" (include "headrace.version" .root)
      "app.kubernetes.io/part-of" "headrace"
      "app.kubernetes.io/managed-by" .root.Release.Service
      "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") }}
{{- toYaml (merge $own .root.Values.commonLabels) }}
{{- end }}

{{/* Of the pods: without the chart's version, which alone is no reason to roll them. */}}
{{- define "headrace.podLabels" -}}
{{- $own := merge (include "headrace.selector" . | fromYaml) (dict
      "app.kubernetes.io/version" (include "headrace.version" .)
      "app.kubernetes.io/part-of" "headrace") }}
{{- toYaml (merge $own .Values.podLabels .Values.commonLabels) }}
{{- end }}

{{- define "headrace.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* Of the service, as a label may be; a digest does not tell it. */}}
{{- define "headrace.version" -}}
{{- if or .Values.image.digest (not .Values.image.tag) }}
{{- .Chart.AppVersion }}
{{- else }}
{{- .Values.image.tag | trunc 63 | trimAll "._-" }}
{{- end }}
{{- end }}

{{- define "headrace.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "headrace.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* "true" if jobs outlive the pod: then it is a StatefulSet. */}}
{{- define "headrace.durable" -}}
{{- if eq (dig "engine" "kind" "memory" .Values.config) "sqlite" }}true{{ end }}
{{- end }}

{{- define "headrace.autoscaled" -}}
{{- if or .Values.autoscaling.hpa.enabled .Values.autoscaling.keda.enabled }}true{{ end }}
{{- end }}

{{/* The fewest pods that are there when nothing is wrong. */}}
{{- define "headrace.leastReplicas" -}}
{{- if .Values.autoscaling.hpa.enabled }}
{{- int .Values.autoscaling.hpa.minReplicas }}
{{- else if .Values.autoscaling.keda.enabled }}
{{- int .Values.autoscaling.keda.minReplicas }}
{{- else }}
{{- int .Values.replicaCount }}
{{- end }}
{{- end }}

{{/* What an autoscaler scales. */}}
{{- define "headrace.scaleTarget" -}}
apiVersion: apps/v1
kind: Deployment
name: {{ include "headrace.fullname" . }}
{{- end }}

{{/* The Secret with the keys file; empty without keys. */}}
{{- define "headrace.keysSecret" -}}
{{- if .Values.auth.existingSecret }}
{{- .Values.auth.existingSecret }}
{{- else if .Values.auth.keys }}
{{- include "headrace.fullname" . }}-keys
{{- end }}
{{- end }}

{{- define "headrace.gracePeriod" -}}
{{- add .Values.shutdown.delaySeconds .Values.shutdown.drainSeconds 5 }}
{{- end }}

{{/* A probe of the management port: (dict "path" "/readyz" "probe" .Values.probes.readiness). */}}
{{- define "headrace.probe" -}}
httpGet:
  path: {{ .path }}
  port: management
periodSeconds: {{ .probe.periodSeconds }}
timeoutSeconds: {{ .probe.timeoutSeconds }}
failureThreshold: {{ .probe.failureThreshold }}
{{- end }}

{{/* What Pod Security "restricted" asks of a container, and a root file system nobody writes. */}}
{{- define "headrace.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "headrace.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- range $key := list "runAsUser" "runAsGroup" "fsGroup" }}
{{- $id := get $.Values.podSecurityContext $key }}
{{- if not (kindIs "invalid" $id) }}
{{- if ne (toString $id) "" }}
{{ $key }}: {{ int64 $id }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
