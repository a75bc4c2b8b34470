//! A kubeconfig's text as kubectl reads it, which is less strict than kube: before kube makes anything of it, what clientcmd takes
//! for absent is taken away, and what it takes for the same is made the same.
//!
//! Its rules are those of client-go's `clientcmd` and of the YAML library below it (`sigs.k8s.io/yaml`).

mod yaml;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{MAIN_SEPARATOR, Path},
};

use kube::config::{Kubeconfig, KubeconfigError, NamedAuthInfo, NamedCluster, NamedContext};
use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// What is base64 there, which may stand in several lines.
const BASE64: [&str; 3] = [
    "certificate-authority-data",
    "client-certificate-data",
    "client-key-data",
];
/// What names files, from the folder that the kubeconfig is in.
const FILES: [&str; 4] = [
    "certificate-authority",
    "client-certificate",
    "client-key",
    "tokenFile",
];
/// Stands in an entry of which there is no more than its name: the rest makes no sense.
const ODD: &str = "podshell.odd";

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

/// Reads a file. Entries that make no sense are no matter as long as nobody uses them: [`is_odd`] tells them.
///
/// # Errors
///
/// If it can't be read, or is no YAML.
pub(super) fn read(path: &Path) -> Result<Kubeconfig, ReadError> {
    let failed = |source| KubeconfigError::ReadConfig(source, path.to_owned());
    let text = decode(fs::read(path).map_err(failed)?).map_err(failed)?;
    let documents = yaml::documents(&text);
    let documents = documents.map_err(|error| KubeconfigError::Parse(Box::new(error)))?;
    let mut all = Kubeconfig::default();
    for document in documents {
        all = all.merge(understand(document, path.parent())?)?;
    }
    Ok(all)
}

/// Whether an entry made no sense, by what kube keeps of it.
pub(super) fn is_odd(other: &BTreeMap<String, Value>) -> bool {
    other.contains_key(ODD)
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
fn understand(document: Value, folder: Option<&Path>) -> Result<Kubeconfig, ReadError> {
    let mut root = match document {
        Value::Object(root) => root,
        Value::Null => return Ok(Kubeconfig::default()),
        _ => return Err(ReadError::Shape),
    };
    drop_absent(&mut root);
    tidy_list::<NamedCluster>(&mut root, "clusters", "cluster", folder);
    tidy_list::<NamedAuthInfo>(&mut root, "users", "user", folder);
    tidy_list::<NamedContext>(&mut root, "contexts", "context", folder);
    Kubeconfig::deserialize(Value::Object(root)).map_err(|_| ReadError::Shape)
}

/// Makes the entries of a list what kube takes. What makes no sense is no more than its name afterwards, and is not there if it
/// has none.
fn tidy_list<T: DeserializeOwned>(
    root: &mut Map<String, Value>,
    list: &str,
    inner: &str,
    folder: Option<&Path>,
) {
    let Some(Value::Array(entries)) = root.get_mut(list) else {
        return;
    };
    entries.retain_mut(|entry| {
        if let Some(entry) = entry.as_object_mut() {
            if let Some(Value::Object(inside)) = entry.get_mut(inner) {
                tidy(inside, folder);
                if inner == "context" {
                    // kube wants one; that there is none is said where it is used.
                    inside.entry("cluster").or_insert_with(|| "".into());
                }
            }
            drop_absent(entry);
        }
        if T::deserialize(&*entry).is_err() {
            let Some(name) = entry.get("name").and_then(Value::as_str) else {
                return false;
            };
            *entry = json!({"name": name, ODD: true});
        }
        true
    });
}

/// What stands in a cluster, user or context.
fn tidy(inside: &mut Map<String, Value>, folder: Option<&Path>) {
    for (key, value) in inside.iter_mut() {
        match value {
            Value::String(text) if BASE64.contains(&key.as_str()) => {
                text.retain(|character| !matches!(character, '\r' | '\n'));
            }
            Value::String(path) if FILES.contains(&key.as_str()) => *path = below(folder, path),
            Value::Object(exec) if key == "exec" => tidy_exec(exec, folder),
            Value::Object(provider) if key == "auth-provider" => {
                if let Some(Value::Object(config)) = provider.get_mut("config") {
                    config.retain(|_, value| !value.is_null());
                }
                drop_absent(provider);
            }
            _ => {}
        }
    }
    drop_absent(inside);
}

/// What says how a plugin is run. A variable without a value is empty, and so is an argument.
fn tidy_exec(exec: &mut Map<String, Value>, folder: Option<&Path>) {
    if let Some(Value::Array(variables)) = exec.get_mut("env") {
        for variable in variables.iter_mut().filter_map(Value::as_object_mut) {
            variable.entry("value").or_insert(Value::Null);
            variable.values_mut().for_each(fill);
        }
    }
    if let Some(Value::Array(arguments)) = exec.get_mut("args") {
        arguments.iter_mut().for_each(fill);
    }
    if let Some(Value::String(command)) = exec.get_mut("command")
        && command.contains(MAIN_SEPARATOR)
    {
        // Without one it is looked for in PATH.
        *command = below(folder, command);
    }
    drop_absent(exec);
}

/// Nothing is no text at all.
fn fill(value: &mut Value) {
    if value.is_null() {
        *value = "".into();
    }
}

/// Takes away what is absent for clientcmd: null, and no text at all.
fn drop_absent(map: &mut Map<String, Value>) {
    map.retain(|_, value| !value.is_null() && *value != Value::String(String::new()));
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
