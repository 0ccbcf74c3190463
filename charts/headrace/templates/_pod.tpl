{{/* The pod of the Deployment and of the StatefulSet: metadata and spec. */}}
{{- define "headrace.pod" -}}
metadata:
  labels:
    {{- include "headrace.podLabels" . | nindent 4 }}
  annotations:
    checksum/config: {{ include "headrace.config" . | sha256sum }}
    {{- if and .Values.auth.keys (not .Values.auth.existingSecret) }}
    checksum/keys: {{ .Values.auth.keys | toJson | sha256sum }}
    {{- end }}
    kubectl.kubernetes.io/default-container: headrace
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  serviceAccountName: {{ include "headrace.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # The delay, the drain, and 5 s. The delay is the service's own: no preStop hook.
  terminationGracePeriodSeconds: {{ include "headrace.gracePeriod" . }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- include "headrace.podSecurity" . | nindent 4 }}
    fsGroupChangePolicy: OnRootMismatch
  containers:
    - name: headrace
      image: {{ include "headrace.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: ["serve", "--config", "/etc/headrace/chart/headrace.yaml"]
      {{- with concat (include "headrace.addressEnv" . | fromYamlArray) .Values.extraEnv }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: 8080
          protocol: TCP
        - name: management
          containerPort: 8081
          protocol: TCP
      securityContext:
        {{- include "headrace.containerSecurity" . | nindent 8 }}
      # Once started, readyz decides about traffic, livez about a restart.
      startupProbe:
        {{- include "headrace.probe" (dict "path" "/startupz" "probe" .Values.probes.startup) | nindent 8 }}
      readinessProbe:
        {{- include "headrace.probe" (dict "path" "/readyz" "probe" .Values.probes.readiness) | nindent 8 }}
      livenessProbe:
        {{- include "headrace.probe" (dict "path" "/livez" "probe" .Values.probes.liveness) | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "headrace.mounts" . | nindent 8 }}
    {{- with .Values.sidecars }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "headrace.volumes" . | nindent 4 }}
  {{- if and .Values.topologySpread.enabled (not (include "headrace.durable" .)) }}
  topologySpreadConstraints:
    {{- range .Values.topologySpread.topologyKeys }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "headrace.selector" $ | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The image's environment has the IPv4 addresses, and wins over the file. */}}
{{- define "headrace.addressEnv" -}}
{{- if eq .Values.listenAddress "0.0.0.0" }}
[]
{{- else }}
- name: HEADRACE_SERVER_LISTEN
  value: {{ printf "%s:8080" .Values.listenAddress | quote }}
- name: HEADRACE_MANAGEMENT_LISTEN
  value: {{ printf "%s:8081" .Values.listenAddress | quote }}
{{- end }}
{{- end }}

{{- define "headrace.mounts" -}}
- name: config
  mountPath: /etc/headrace/chart
  readOnly: true
{{- if .Values.spool.enabled }}
- name: spool
  mountPath: /var/spool/headrace
{{- end }}
{{- if include "headrace.durable" . }}
- name: jobs
  mountPath: /var/lib/headrace
{{- end }}
{{- range include "headrace.secretVolumes" . | fromYamlArray }}
- name: {{ .name }}
  mountPath: {{ .path }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "headrace.volumes" -}}
- name: config
  configMap:
    name: {{ include "headrace.fullname" . }}
{{- if .Values.spool.enabled }}
- name: spool
  emptyDir:
    sizeLimit: {{ printf "%dMi" (div (include "headrace.spoolLimit" . | int64) 1048576) }}
{{- end }}
{{- range include "headrace.secretVolumes" . | fromYamlArray }}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    # The service runs in the group that owns these files (fsGroup), nobody else does.
    defaultMode: 0440
    {{- with .items }}
    items:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* A list of {name, secret, path, items} of all Secrets that the pod sees as files. */}}
{{- define "headrace.secretVolumes" -}}
{{- $all := list }}
{{- with .Values.tls }}
{{- if .existingSecret }}
{{- $all = append $all (dict "name" "tls" "secret" .existingSecret "path" "/etc/headrace/tls" "items" (list
      (dict "key" .certificateKey "path" "tls.crt") (dict "key" .keyKey "path" "tls.key"))) }}
{{- end }}
{{- end }}
{{- with include "headrace.keysSecret" . }}
{{- $key := ternary $.Values.auth.secretKey "keys" (ne $.Values.auth.existingSecret "") }}
{{- $all = append $all (dict "name" "auth" "secret" . "path" "/etc/headrace/auth" "items" (list (dict "key" $key "path" "keys"))) }}
{{- end }}
{{- range $name, $file := dict "webhooks" "secrets" "tracing" "headers" }}
{{- $section := get $.Values $name }}
{{- if $section.existingSecret }}
{{- $all = append $all (dict "name" $name "secret" $section.existingSecret "path" (printf "/etc/headrace/%s" $name)
      "items" (list (dict "key" $section.secretKey "path" $file))) }}
{{- end }}
{{- end }}
{{- range .Values.secretFiles }}
{{- $all = append $all (dict "name" (printf "secret-%s" .name) "secret" .existingSecret "path" (printf "/etc/headrace/secrets/%s" .name)) }}
{{- end }}
{{- toYaml $all }}
{{- end }}
