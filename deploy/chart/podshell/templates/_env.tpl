{{- /* The server's flags, as variables. A value that is empty leaves the server's own default. */}}
{{- define "podshell.env" -}}
{{- $v := .Values }}
{{- $set := dict
  "LISTEN" "0.0.0.0:7780"
  "METRICS_LISTEN" "0.0.0.0:7781"
  "PUBLIC_URL" (trimSuffix "/" $v.publicUrl)
  "BASE_PATH" $v.basePath
  "SIGN_IN" $v.signIn
  "ACT_AS" $v.actAs
  "TRUSTED_PROXY" (join "," $v.trustedProxies)
  "TICKET_KEY_FILE" "/etc/podshell/ticket-key/key"
  "CLUSTER_NAME" $v.cluster.name
  "CLUSTER_MARK" $v.cluster.mark
  "SHELLS" (join "," $v.shells)
  "ATTACH" ($v.attach | toString)
  "LOGS" ($v.logs | toString)
  "DEBUG_CONTAINERS" ($v.debugContainers.enabled | toString)
  "NAMESPACE" (join "," $v.namespaces)
  "HIDDEN_NAMESPACES" (join "," $v.hiddenNamespaces)
  "AUDIT" ($v.audit.enabled | toString)
  "MAX_SESSIONS" ($v.maxSessions | int | toString)
  "MAX_SESSIONS_PER_USER" ($v.maxSessionsPerUser | int | toString)
  "MAX_LOGS" ($v.maxLogs | int | toString)
  "MAX_LOGS_PER_USER" ($v.maxLogsPerUser | int | toString)
  "SIGN_INS_PER_MINUTE" ($v.signInsPerMinute | int | toString)
  "MINTS_PER_MINUTE" ($v.mintsPerMinute | int | toString)
  "SIGN_IN_TIME" $v.signInTime
  "REVIEW_EVERY" $v.reviewEvery
  "GRACE" $v.grace
  "IDLE_LIMIT" $v.idleLimit
  "LIFETIME_LIMIT" $v.lifetimeLimit
  "HEARTBEAT" $v.heartbeat
  "DRAIN_TIME" (printf "%ds" (int $v.drainSeconds))
  "SHUTDOWN_NOTICE" (printf "%ds" (int $v.noticeSeconds))
  "EMBEDDER" (join "," $v.embedders)
  "LOG" $v.log
}}
{{- if $v.readOnly }}{{- $_ := set $set "READ_ONLY" "true" }}{{- end }}
{{- if $v.audit.required }}{{- $_ := set $set "AUDIT_REQUIRED" "true" }}{{- end }}
{{- if $v.debugContainers.enabled }}
{{- $_ := set $set "DEBUG_IMAGE" $v.debugContainers.image }}
{{- $_ := set $set "DEBUG_PROFILES" (join "," $v.debugContainers.profiles) }}
{{- end }}
{{- if $v.tls.existingSecret }}
{{- $_ := set $set "TLS_CERT" "/etc/podshell/tls/tls.crt" }}
{{- $_ := set $set "TLS_KEY" "/etc/podshell/tls/tls.key" }}
{{- end }}
{{- if eq $v.signIn "oidc" }}
{{- $_ := set $set "OIDC_ISSUER" $v.oidc.issuer }}
{{- $_ := set $set "OIDC_CLIENT_ID" $v.oidc.clientId }}
{{- $_ := set $set "OIDC_SCOPES" (join "," $v.oidc.scopes) }}
{{- $_ := set $set "OIDC_USERNAME_CLAIM" $v.oidc.usernameClaim }}
{{- $_ := set $set "OIDC_GROUPS_CLAIM" $v.oidc.groupsClaim }}
{{- $_ := set $set "OIDC_USERNAME_PREFIX" $v.oidc.usernamePrefix }}
{{- $_ := set $set "OIDC_GROUPS_PREFIX" $v.oidc.groupsPrefix }}
{{- if $v.oidc.clientSecret.existingSecret }}
{{- $_ := set $set "OIDC_CLIENT_SECRET_FILE" "/etc/podshell/oidc/client-secret" }}
{{- end }}
{{- if $v.oidc.ca.configMap }}
{{- $_ := set $set "OIDC_CA_FILE" "/etc/podshell/oidc-ca/ca.crt" }}
{{- end }}
{{- end }}
{{- if eq $v.signIn "proxy" }}
{{- $_ := set $set "PROXY_USER_HEADER" $v.proxy.userHeader }}
{{- $_ := set $set "PROXY_GROUPS_HEADER" $v.proxy.groupsHeader }}
{{- if $v.proxy.ca.configMap }}
{{- $_ := set $set "PROXY_CA_FILE" "/etc/podshell/proxy/ca.crt" }}
{{- else }}
{{- $_ := set $set "PROXY_SECRET_FILE" "/etc/podshell/proxy/secret" }}
{{- end }}
{{- end }}
{{- range $name, $value := $set }}
{{- if $value }}
- name: PODSHELL_{{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}
