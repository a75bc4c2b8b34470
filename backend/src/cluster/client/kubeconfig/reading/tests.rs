//! Kubeconfigs as people have them.

use secrecy::ExposeSecret as _;

use super::*;

/// What is read of a file with this text.
fn reading(text: &str) -> Kubeconfig {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, text).unwrap();
    read(&path).unwrap()
}

/// A kubeconfig whose one cluster and user have these lines.
fn kubeconfig(cluster: &str, user: &str) -> Kubeconfig {
    let lines = |text: &str| text.replace('\n', "\n    ");
    let text = format!(
        "clusters:\n- name: k\n  cluster:\n    server: https://a.b\n    {}\nusers:\n- name: u\n  user:\n    {}\n\
         contexts:\n- name: c\n  context: {{cluster: k, user: u}}\ncurrent-context: c\n",
        lines(cluster),
        lines(user)
    );
    let content = reading(&text);
    let is_odd = is_odd(&content.clusters[0].other) || is_odd(&content.auth_infos[0].other);
    assert!(!is_odd, "{text}");
    content
}

fn cluster(lines: &str) -> kube::config::Cluster {
    let content = kubeconfig(lines, "{}");
    content.clusters[0].cluster.clone().unwrap()
}

fn user(lines: &str) -> kube::config::AuthInfo {
    let content = kubeconfig("", lines);
    content.auth_infos[0].auth_info.clone().unwrap()
}

/// Every optional field of text, not those alone that somebody had empty once.
#[test]
fn null_and_no_text_are_absent() {
    for nothing in ["", "''", "\"\"", "null", "~"] {
        let fields = |names: &[&str]| {
            let lines = names.iter().map(|name| format!("{name}: {nothing}"));
            lines.collect::<Vec<_>>().join("\n")
        };
        let read = cluster(&fields(&[
            "insecure-skip-tls-verify",
            "certificate-authority",
            "certificate-authority-data",
            "proxy-url",
            "disable-compression",
            "tls-server-name",
            "extensions",
        ]));
        let only = serde_json::json!({"server": "https://a.b"});
        assert_eq!(serde_json::to_value(read).unwrap(), only, "{nothing}");
        let read = user(&fields(&[
            "username",
            "password",
            "token",
            "tokenFile",
            "client-certificate",
            "client-certificate-data",
            "client-key",
            "client-key-data",
            "as",
            "as-uid",
            "as-groups",
            "as-user-extra",
            "auth-provider",
            "exec",
            "extensions",
        ]));
        let read = serde_json::to_value(read).unwrap();
        assert_eq!(read, serde_json::json!({}), "{nothing}");
        let content = reading(&format!(
            "apiVersion: {nothing}\nkind: {nothing}\npreferences: {nothing}\ncurrent-context: {nothing}\n\
             clusters: {nothing}\nusers: {nothing}\ncontexts:\n- name: c\n  context:\n    cluster: k\n    namespace: {nothing}\n    user: {nothing}\n"
        ));
        assert_eq!((content.current_context, content.kind), (None, None));
        let context = content.contexts[0].context.clone().unwrap();
        assert_eq!((context.namespace, context.user), (None, None));
    }
}

#[test]
fn base64_may_stand_in_lines() {
    for text in [
        "|\n  QUFB\n  QkJC",
        "\"QUFB\\r\\nQkJC\\n\"",
        ">-\n  QUFBQkJC",
        "QUFBQkJC",
    ] {
        let read = cluster(&format!("certificate-authority-data: {text}"));
        assert_eq!(read.certificate_authority_data.unwrap(), "QUFBQkJC");
        let read = user(&format!(
            "client-certificate-data: {text}\nclient-key-data: {text}"
        ));
        assert_eq!(read.client_certificate_data.unwrap(), "QUFBQkJC");
        assert_eq!(read.client_key_data.unwrap().expose_secret(), "QUFBQkJC");
    }
    // As Ruby and Python write what they take for binary: base64 of the text that should stand there.
    let read = cluster("certificate-authority-data: !!binary |\n  UVVGQgpR\n  a0pD");
    assert_eq!(read.certificate_authority_data.unwrap(), "QUFBQkJC");
}

#[test]
fn what_is_not_used_may_be_odd() {
    let content = reading(
        "clusters:\n- name: k\n  cluster: {server: https://a.b}\n- name: bad\n  cluster: {server: [1, 2]}\n\
         - 17\n\
         users:\n- user: {token: x}\n- name: u\n  user: {token: y}\n- name: worse\n  user: SECRETSECRET\n\
         contexts:\n- name: c\n  context: {cluster: k, user: u}\n- name: empty\n  context: {}\n- name: none\n",
    );
    let clusters = content.clusters.iter();
    let clusters = clusters.map(|its| (&*its.name, is_odd(&its.other)));
    assert_eq!(clusters.collect::<Vec<_>>(), [("k", false), ("bad", true)]);
    let users = content.auth_infos.iter();
    let users = users.map(|its| (&*its.name, is_odd(&its.other)));
    assert_eq!(users.collect::<Vec<_>>(), [("u", false), ("worse", true)]);
    let contexts = content.contexts.iter().map(|context| &*context.name);
    assert_eq!(contexts.collect::<Vec<_>>(), ["c", "empty", "none"]);
    assert!(!serde_json::to_string(&content).unwrap().contains("SECRET"));
}

/// What YAML takes for a number or a truth value has another text afterwards.
#[test]
fn text_is_as_it_was_written() {
    for text in [
        "17",
        "123456",
        "true",
        "0123",
        "0x1F",
        "0o17",
        "0b11",
        "1_000",
        "1e5",
        "1.10",
        "1.",
        "+1",
        "-0",
        ".nan",
        "-.inf",
        "1e999",
        "123456789012345678901234567890",
        "yes",
        "No",
        "on",
        "y",
        "True",
        "2026-11-26",
        "12:30:45",
    ] {
        let read = user(&format!(
            "username: {text}\npassword: &p {text}\ntoken: *p\nas-groups: [{text}]"
        ));
        assert_eq!(read.username.as_deref(), Some(text));
        assert_eq!(read.password.unwrap().expose_secret(), text);
        assert_eq!(read.token.unwrap().expose_secret(), text);
        assert_eq!(read.impersonate_groups.unwrap(), [text]);
        let content = reading(&format!(
            "contexts: [{{name: {text}, context: {{cluster: k}}}}]"
        ));
        assert_eq!(content.contexts[0].name, text);
    }
}

#[test]
fn switches_are_those_of_yaml() {
    for (text, is_on) in [("true", true), ("yes", true), ("On", true), ("no", false)] {
        let read = cluster(&format!("insecure-skip-tls-verify: {text}"));
        assert_eq!(read.insecure_skip_tls_verify, Some(is_on), "{text}");
        let exec = user(&format!("exec: {{command: x, provideClusterInfo: {text}}}"));
        assert_eq!(exec.exec.unwrap().provide_cluster_info, is_on, "{text}");
    }
    // What a plugin is told of its cluster has the types that it was given.
    let read = cluster(
        "extensions:\n- name: client.authentication.k8s.io/exec\n  extension: {port: 0x1F, on: yes, off: null}",
    );
    let extension = &read.extensions.unwrap()[0].extension;
    let expected = serde_json::json!({"port": 31, "on": true, "off": null});
    assert_eq!(*extension, expected);
}

#[test]
fn a_plugins_variables_and_arguments_may_be_empty() {
    let exec = user(
        "exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: plugin\n  args: [a, '', 1]\n  env:\n  - name: FOO\n    value:\n  - name: BAR\n    value: 5\n  - name: BAZ\n  \
         provideClusterInfo:\n  interactiveMode: ''\n  installHint: null",
    )
    .exec
    .unwrap();
    assert_eq!(exec.args.unwrap(), ["a", "", "1"]);
    let values: Vec<_> = exec.env.unwrap();
    let values: Vec<_> = values.iter().map(|variable| &*variable["value"]).collect();
    assert_eq!(values, ["", "5", ""]);
    assert_eq!(exec.command.unwrap(), "plugin");
    assert!(!exec.provide_cluster_info);
    assert!(exec.interactive_mode.is_none() && exec.install_hint.is_none());
}

#[test]
fn files_are_looked_for_beside_the_kubeconfig() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let text = "clusters:\n- name: k\n  cluster: {certificate-authority: pki/ca.crt}\n\
         users:\n- name: u\n  user: {tokenFile: ../token, client-key: /absolute.key, exec: {command: ./bin/plugin}}\n\
         - name: v\n  user: {exec: {command: plugin}}\n";
    fs::write(&path, text).unwrap();
    let content = read(&path).unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let cluster = content.clusters[0].cluster.clone().unwrap();
    assert_eq!(cluster.certificate_authority, Some(at("pki/ca.crt")));
    let user = |number: usize| content.auth_infos[number].auth_info.clone().unwrap();
    assert_eq!(user(0).token_file, Some(at("../token")));
    assert_eq!(user(0).client_key, Some("/absolute.key".to_owned()));
    assert_eq!(user(0).exec.unwrap().command, Some(at("./bin/plugin")));
    assert_eq!(user(1).exec.unwrap().command, Some("plugin".to_owned()));
}

#[test]
fn the_last_of_two_keys_counts_and_documents_are_one() {
    let text = "current-context: a\ncurrent-context: b\n---\ncurrent-context: c\nclusters:\n- name: k\n---\n";
    let content = reading(text);
    assert_eq!(content.current_context.as_deref(), Some("b"));
    assert_eq!(content.clusters.len(), 1);
    for empty in ["", "\n", "---\n", "# nothing\n", "null\n", "{}"] {
        assert!(reading(empty).clusters.is_empty(), "{empty:?}");
    }
}

#[test]
fn any_encoding_is_read() {
    let text = "current-context: ä\n";
    let units = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<_>>();
    for bytes in [
        text.as_bytes().to_vec(),
        [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        [b"\xFF\xFE".to_vec(), units(u16::to_le_bytes)].concat(),
        [b"\xFE\xFF".to_vec(), units(u16::to_be_bytes)].concat(),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let read = read(file.path()).unwrap();
        assert_eq!(read.current_context.as_deref(), Some("ä"));
    }
}

#[test]
fn what_is_no_kubeconfig_is_refused_without_a_word_of_it() {
    for text in [
        "SECRETSECRET",
        "- SECRETSECRET",
        "clusters: SECRETSECRET",
        "users: {token: SECRETSECRET}",
        "current-context: [SECRETSECRET]",
        "token: SECRETSECRET\n  broken: [",
        "\u{0}SECRETSECRET",
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let error = super::super::unusable(file.path(), &read(file.path()).unwrap_err());
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}
