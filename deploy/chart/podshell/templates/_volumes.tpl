{{- /* Files for the server. Secrets are root's, and the pod's group may read them: 0400 becomes 0440 by fsGroup. */}}
{{- define "podshell.volumes" -}}
# The API server's certificate authority, where a service account has it. The variables KUBERNETES_SERVICE_HOST and _PORT,
# which each pod has, say where the API server is.
- name: cluster
  projected:
    defaultMode: 0444
    sources:
      - configMap:
          name: kube-root-ca.crt
          items: [{key: ca.crt, path: ca.crt}]
      - downwardAPI:
          items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]
      {{- if eq .Values.actAs "impersonate" }}
      - serviceAccountToken: {path: token, expirationSeconds: 3607}
      {{- end }}
- name: ticket-key
  secret:
    secretName: {{ include "podshell.ticketKeySecret" . }}
    defaultMode: 0400
    items: [{key: {{ .Values.ticketKey.key }}, path: key}]
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0400
{{- end }}
{{- if eq .Values.signIn "oidc" }}
{{- with .Values.oidc.clientSecret }}{{ if .existingSecret }}
- name: oidc
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 0400
    items: [{key: {{ .key }}, path: client-secret}]
{{- end }}{{ end }}
{{- with .Values.oidc.ca }}{{ if .configMap }}
- name: oidc-ca
  configMap:
    name: {{ .configMap }}
    items: [{key: {{ .key }}, path: ca.crt}]
{{- end }}{{ end }}
{{- end }}
{{- if eq .Values.signIn "proxy" }}
- name: proxy
  {{- if .Values.proxy.ca.configMap }}
  configMap:
    name: {{ .Values.proxy.ca.configMap }}
    items: [{key: {{ .Values.proxy.ca.key }}, path: ca.crt}]
  {{- else }}
  secret:
    secretName: {{ .Values.proxy.secret.existingSecret }}
    defaultMode: 0400
    items: [{key: {{ .Values.proxy.secret.key }}, path: secret}]
  {{- end }}
{{- end }}
{{- end }}

{{- define "podshell.volumeMounts" -}}
- {name: cluster, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
- {name: ticket-key, mountPath: /etc/podshell/ticket-key, readOnly: true}
{{- if .Values.tls.existingSecret }}
- {name: tls, mountPath: /etc/podshell/tls, readOnly: true}
{{- end }}
{{- if eq .Values.signIn "oidc" }}
{{- if .Values.oidc.clientSecret.existingSecret }}
- {name: oidc, mountPath: /etc/podshell/oidc, readOnly: true}
{{- end }}
{{- if .Values.oidc.ca.configMap }}
- {name: oidc-ca, mountPath: /etc/podshell/oidc-ca, readOnly: true}
{{- end }}
{{- end }}
{{- if eq .Values.signIn "proxy" }}
- {name: proxy, mountPath: /etc/podshell/proxy, readOnly: true}
{{- end }}
{{- end }}
