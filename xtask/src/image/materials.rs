//! The bill of materials, in CycloneDX: what the binary is made of, and what the page in it is made of.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{origin::Origin, static_binary::Platform};
use crate::{command, places::Places, tools, wasm};

/// The root of the repository, wherever it is.
const ROOT: &str = "file:///podshell";

/// Writes it. It is the same for the same commit: without a serial number, with the commit's time, without this machine's paths.
pub(super) fn write(places: &Places, platform: &Platform, origin: &Origin) -> Result<Vec<u8>> {
    let generator = tools::cargo_cyclonedx(places)?;
    let read = |package: &str, target: &str| {
        let package = origin.package(package)?;
        let text = generate(places, &generator, origin, package, target)?;
        let text = without_paths(&text, package)?;
        if text.contains(&*places.repository.to_string_lossy()) {
            bail!(
                "the bill of materials names {}",
                places.repository.display()
            );
        }
        serde_json::from_str::<Value>(&text).context("cargo-cyclonedx gave no JSON")
    };
    let server = read("podshell", platform.target)?;
    let page = read("podshell-frontend", wasm::TARGET)?;
    let lock = places.repository.join("frontend/package-lock.json");
    let lock = fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
    let lock: Value = serde_json::from_slice(&lock).context("package-lock.json is no JSON")?;
    let mut whole = merge(server, page, npm_packages(&lock))?;
    whole.sort_all_objects();
    let mut text = serde_json::to_vec_pretty(&whole)?;
    text.push(b'\n');
    Ok(text)
}

/// Runs cargo-cyclonedx for a package. It writes a file for each member of the workspace, beside its manifest.
fn generate(
    places: &Places,
    generator: &Path,
    origin: &Origin,
    package: &Value,
    target: &str,
) -> Result<String> {
    let mut command = Command::new(generator);
    command
        .args([
            "cyclonedx",
            "--quiet",
            "--format=json",
            "--spec-version=1.5",
        ])
        // What runs while it is built is not in it.
        .args(["--all", "--no-build-deps", "--target", target])
        .current_dir(&places.repository)
        .env("SOURCE_DATE_EPOCH", origin.epoch.to_string());
    let ran = command::run(&mut command);
    let mut wanted = None;
    for member in &origin.packages {
        let (Some(manifest), Some(name)) =
            (member["manifest_path"].as_str(), member["name"].as_str())
        else {
            continue;
        };
        let file = Path::new(manifest).with_file_name(format!("{name}.cdx.json"));
        if member == package {
            wanted = fs::read_to_string(&file).ok();
        }
        // Where the run failed, there may be none.
        drop(fs::remove_file(&file));
    }
    ran?;
    wanted.context("cargo-cyclonedx wrote nothing")
}

/// The text with the repository's own address in place of this checkout's.
fn without_paths(text: &str, package: &Value) -> Result<String> {
    // An identity is path+file:///checkout/folder#name@version.
    let root = package["id"].as_str().and_then(|identity| {
        let folder = identity.strip_prefix("path+")?.split_once('#')?.0;
        Some(folder.rsplit_once('/')?.0)
    });
    let root = root.context("cargo metadata names no folder of a package")?;
    Ok(text.replace(root, ROOT))
}

/// What the page takes from npm, as components.
fn npm_packages(lock: &Value) -> Vec<Value> {
    let packages = lock["packages"].as_object().into_iter().flatten();
    let packages = packages.filter_map(|(path, package)| {
        let name = path.strip_prefix("node_modules/")?;
        if package["dev"] == true {
            return None;
        }
        let version = package["version"].as_str()?;
        let identity = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
        let (group, name) = name.split_once('/').unwrap_or(("", name));
        let mut component = json!({
            "type": "library",
            "bom-ref": identity,
            "purl": identity,
            "group": group,
            "name": name,
            "version": version,
            "scope": "required",
        });
        if let Some(license) = package["license"].as_str() {
            component["licenses"] = json!([{ "expression": license }]);
        }
        Some(component)
    });
    packages.collect()
}

/// The server's bill with the page as one of its parts, and that page's parts.
fn merge(mut server: Value, mut page: Value, npm: Vec<Value>) -> Result<Value> {
    let page_itself = page["metadata"]["component"].take();
    let server_reference = reference(&server["metadata"]["component"])?;
    let page_reference = reference(&page_itself)?;
    let npm_references: Vec<_> = npm.iter().map(reference).collect::<Result<_>>()?;

    let mut components = BTreeMap::new();
    let parts = [
        take_list(&mut server, "components")?,
        take_list(&mut page, "components")?,
    ];
    for component in parts.into_iter().flatten().chain([page_itself]).chain(npm) {
        components
            .entry(reference(&component)?)
            .or_insert(component);
    }
    server["components"] = components.into_values().collect();

    let mut needs = BTreeMap::<String, Vec<String>>::new();
    let lists = [
        take_list(&mut server, "dependencies")?,
        take_list(&mut page, "dependencies")?,
    ];
    for entry in lists.into_iter().flatten() {
        let who = entry["ref"]
            .as_str()
            .context("a dependency without a name")?;
        let all = entry["dependsOn"].as_array().into_iter().flatten();
        let all = all.filter_map(|needed| Some(needed.as_str()?.to_owned()));
        needs.entry(who.to_owned()).or_default().extend(all);
    }
    needs
        .entry(server_reference)
        .or_default()
        .push(page_reference.clone());
    needs
        .entry(page_reference)
        .or_default()
        .extend(npm_references);
    let needs = needs.into_iter().map(|(who, mut all)| {
        all.sort();
        all.dedup();
        json!({ "ref": who, "dependsOn": all })
    });
    server["dependencies"] = needs.collect();
    Ok(server)
}

fn reference(component: &Value) -> Result<String> {
    let reference = component["bom-ref"].as_str();
    Ok(reference.context("a component without a name")?.to_owned())
}

fn take_list(bill: &mut Value, name: &str) -> Result<Vec<Value>> {
    match bill[name].take() {
        Value::Array(list) => Ok(list),
        _ => bail!("a bill of materials without {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_checkout_go() {
        let package = json!({ "id": "path+file:///home/me/my%20work/backend#podshell@0.1.0" });
        let text = r#"{"bom-ref":"path+file:///home/me/my%20work/shared#podshell-shared@0.1.0"}"#;
        assert_eq!(
            without_paths(text, &package).unwrap(),
            r#"{"bom-ref":"path+file:///podshell/shared#podshell-shared@0.1.0"}"#
        );
        assert!(without_paths(text, &json!({ "id": "registry+https://x#y@1" })).is_err());
    }

    #[test]
    fn npm_packages_that_ship_are_components() {
        let lock = json!({ "packages": {
            "": { "name": "page" },
            "node_modules/@xterm/xterm": { "version": "6.0.0", "license": "MIT" },
            "node_modules/binaryen": { "version": "132.0.0", "dev": true },
        } });
        let packages = npm_packages(&lock);
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0]["purl"], "pkg:npm/%40xterm/xterm@6.0.0");
        assert_eq!(packages[0]["group"], "@xterm");
        assert_eq!(packages[0]["licenses"], json!([{ "expression": "MIT" }]));
    }

    #[test]
    fn the_page_and_its_parts_are_parts_of_the_server() {
        let bill = |own: &str, other: &str| {
            json!({
                "metadata": { "component": { "bom-ref": own } },
                "components": [{ "bom-ref": other }, { "bom-ref": "both" }],
                "dependencies": [
                    { "ref": own, "dependsOn": [other, "both"] },
                    { "ref": "both", "dependsOn": [other] },
                ],
            })
        };
        let npm = vec![json!({ "bom-ref": "npm" })];
        let whole = merge(bill("server", "a"), bill("page", "b"), npm).unwrap();
        assert_eq!(
            whole,
            json!({
                "metadata": { "component": { "bom-ref": "server" } },
                "components": [
                    { "bom-ref": "a" },
                    { "bom-ref": "b" },
                    { "bom-ref": "both" },
                    { "bom-ref": "npm" },
                    { "bom-ref": "page" },
                ],
                "dependencies": [
                    { "ref": "both", "dependsOn": ["a", "b"] },
                    { "ref": "page", "dependsOn": ["b", "both", "npm"] },
                    { "ref": "server", "dependsOn": ["a", "both", "page"] },
                ],
            })
        );
    }
}
