{{/*
What a controller has to be told so that a body of server.max_body comes in and no answer is cut before
the largest deadline. Uploads are not collected first: a full queue says 429 before the body.
*/}}
{{- define "headrace.ingressAnnotations" -}}
{{- if eq .Values.ingress.controller "nginx" }}
{{- $patience := add 5 (include "headrace.largestDeadline" . | int64) }}
nginx.ingress.kubernetes.io/proxy-body-size: {{ printf "%dk" (div (add 1023 (include "headrace.maxBody" . | int64)) 1024) }}
nginx.ingress.kubernetes.io/proxy-read-timeout: {{ $patience | quote }}
nginx.ingress.kubernetes.io/proxy-send-timeout: {{ $patience | quote }}
nginx.ingress.kubernetes.io/proxy-request-buffering: "off"
nginx.ingress.kubernetes.io/proxy-http-version: "1.1"
{{- if .Values.ingress.reencrypt }}
nginx.ingress.kubernetes.io/backend-protocol: HTTPS
{{- end }}
{{- else }}
{}
{{- end }}
{{- end }}

{{/* To the cluster's DNS: of .Values.networkPolicy.dns. */}}
{{- define "headrace.dnsEgress" -}}
{{- if .to -}}
- ports:
    - port: {{ .port }}
      protocol: UDP
    - port: {{ .port }}
      protocol: TCP
  to:
    {{- toYaml .to | nindent 4 }}
{{- end }}
{{- end }}
