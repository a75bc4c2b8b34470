//! A kubeconfig's text as kubectl reads it, which is less strict than kube: before kube makes anything of it, what clientcmd takes
//! for absent is taken away, and what it takes for the same is made the same.
//!
//! Its rules are those of client-go's `clientcmd` and of the YAML library below it (`sigs.k8s.io/yaml`).

use std::{
    fs, io,
    path::{MAIN_SEPARATOR, Path},
};

use kube::config::{Kubeconfig, KubeconfigError};
use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::{Map, Value};
use serde_saphyr::{options, options::DuplicateKeyPolicy};
use thiserror::Error;

/// Where a list stands, and what its entries have beside their names.
const LISTS: [(&str, &str); 3] = [
    ("clusters", "cluster"),
    ("users", "user"),
    ("contexts", "context"),
];
/// What is base64 there, which may stand in several lines.
const BASE64: [&str; 3] = [
    "certificate-authority-data",
    "client-certificate-data",
    "client-key-data",
];
/// What is true or false.
const SWITCHES: [&str; 2] = ["insecure-skip-tls-verify", "disable-compression"];
/// What names files, from the folder that the kubeconfig is in.
const FILES: [&str; 4] = [
    "certificate-authority",
    "client-certificate",
    "client-key",
    "tokenFile",
];

/// Why a file can't be used.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    /// kube has an error for it.
    #[error(transparent)]
    Kube(#[from] KubeconfigError),
    /// It says something else than a kubeconfig does. What it says may be a secret.
    #[error("it is YAML, but no kubeconfig")]
    Shape,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) content: Kubeconfig,
    /// The names of entries that make no sense, each with its list: no matter, unless one is used.
    pub(super) odd: Vec<(&'static str, String)>,
}

/// Reads a file.
///
/// # Errors
///
/// If it can't be read, or is no YAML.
pub(super) fn read(path: &Path) -> Result<Reading, ReadError> {
    let failed = |source| KubeconfigError::ReadConfig(source, path.to_owned());
    let text = decode(fs::read(path).map_err(failed)?).map_err(failed)?;
    let options = options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
    };
    let documents = serde_saphyr::from_multiple_with_options::<Value>(&text, options);
    let documents = documents.map_err(|error| KubeconfigError::Parse(Box::new(error)))?;
    let mut all = Reading::default();
    for document in documents {
        let Reading { content, odd } = understand(document, path.parent())?;
        all.content = all.content.merge(content)?;
        all.odd.extend(odd);
    }
    Ok(all)
}

/// Text in whatever encoding a byte order mark says.
fn decode(bytes: Vec<u8>) -> io::Result<String> {
    let text = match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    };
    text.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
}

fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Option<String> {
    let (units, []) = bytes.as_chunks() else {
        return None;
    };
    char::decode_utf16(units.iter().copied().map(unit))
        .collect::<Result<_, _>>()
        .ok()
}

/// What a document means, with files from this folder.
fn understand(document: Value, folder: Option<&Path>) -> Result<Reading, ReadError> {
    let mut odd = Vec::new();
    let mut root = match document {
        Value::Object(root) => root,
        Value::Null => return Ok(Reading::default()),
        _ => return Err(ReadError::Shape),
    };
    drop_absent(&mut root);
    for (list, inner) in LISTS {
        if let Some(Value::Array(entries)) = root.get_mut(list) {
            entries.retain_mut(|entry| {
                let name = tidy_entry(entry, inner, folder);
                let is_fit = match list {
                    "clusters" => fits::<kube::config::NamedCluster>(entry),
                    "users" => fits::<kube::config::NamedAuthInfo>(entry),
                    _ => fits::<kube::config::NamedContext>(entry),
                };
                if let (false, Some(name)) = (is_fit, name) {
                    odd.push((inner, name));
                }
                is_fit
            });
        }
    }
    let content = Kubeconfig::deserialize(Value::Object(root));
    let content = content.map_err(|_| ReadError::Shape)?;
    Ok(Reading { content, odd })
}

fn fits<T: DeserializeOwned>(entry: &Value) -> bool {
    T::deserialize(entry).is_ok()
}

/// Makes an entry of a list what kube takes, as far as it makes sense. Gives its name.
fn tidy_entry(entry: &mut Value, inner: &str, folder: Option<&Path>) -> Option<String> {
    let entry = entry.as_object_mut()?;
    if let Some(Value::Object(inside)) = entry.get_mut(inner) {
        tidy(inside, folder);
        if inner == "context" {
            // kube wants one; that there is none is said where it is used.
            inside.entry("cluster").or_insert_with(|| "".into());
        }
    }
    entry.retain(|_, value| !value.is_null());
    match entry.get_mut("name")? {
        Value::String(name) => Some(name.clone()),
        name => {
            as_text(name);
            name.as_str().map(str::to_owned)
        }
    }
}

/// What stands in a cluster, user or context.
fn tidy(inside: &mut Map<String, Value>, folder: Option<&Path>) {
    for (key, value) in inside.iter_mut() {
        if !SWITCHES.contains(&key.as_str()) {
            as_text(value);
        }
        match value {
            Value::String(text) if BASE64.contains(&key.as_str()) => {
                text.retain(|character| !matches!(character, '\r' | '\n'));
            }
            Value::String(path) if FILES.contains(&key.as_str()) => *path = below(folder, path),
            Value::Object(exec) if key == "exec" => tidy_exec(exec, folder),
            Value::Object(provider) if key == "auth-provider" => {
                if let Some(Value::Object(config)) = provider.get_mut("config") {
                    config.values_mut().for_each(as_text);
                    config.retain(|_, value| !value.is_null());
                }
                drop_absent(provider);
            }
            _ => {}
        }
    }
    drop_absent(inside);
}

/// What says how a plugin is run. A variable without a value is empty.
fn tidy_exec(exec: &mut Map<String, Value>, folder: Option<&Path>) {
    if let Some(Value::Array(variables)) = exec.get_mut("env") {
        for variable in variables.iter_mut().filter_map(Value::as_object_mut) {
            variable.entry("value").or_insert_with(|| "".into());
            for value in variable.values_mut() {
                as_text(value);
                if value.is_null() {
                    *value = "".into();
                }
            }
        }
    }
    if let Some(Value::Array(arguments)) = exec.get_mut("args") {
        for argument in arguments {
            as_text(argument);
            if argument.is_null() {
                *argument = "".into();
            }
        }
    }
    if let Some(Value::String(command)) = exec.get_mut("command")
        && command.contains(MAIN_SEPARATOR)
    {
        // Without one it is looked for in PATH.
        *command = below(folder, command);
    }
    drop_absent(exec);
}

/// Takes away what is absent for clientcmd: null, and no text at all.
fn drop_absent(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null() && *value != Value::String(String::new()));
}

/// A number or truth value in the place of text is the text.
fn as_text(value: &mut Value) {
    if let Value::Number(_) | Value::Bool(_) = value {
        *value = value.to_string().into();
    }
}

/// A path that a file of this folder names.
fn below(folder: Option<&Path>, path: &str) -> String {
    match folder {
        Some(folder) if !path.is_empty() && Path::new(path).is_relative() => {
            folder.join(path).to_string_lossy().into_owned()
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
