{{/* Of the pod of helm test: never those by which the Services select. */}}
{{- define "headrace.testLabels" -}}
app.kubernetes.io/name: {{ include "headrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: test
{{- end }}

{{/* "true" if a test can be run: with keys it needs one. */}}
{{- define "headrace.testable" -}}
{{- if and .Values.tests.enabled (or (not (include "headrace.keysSecret" .)) .Values.tests.keySecret.name) }}true{{ end }}
{{- end }}

{{- define "headrace.url" -}}
{{- printf "%s://%s.%s.svc:%d" (ternary "https" "http" (ne .Values.tls.existingSecret "")) (include "headrace.fullname" .) .Release.Namespace (int .Values.service.port) }}
{{- end }}
