//! The end-to-end tests of Podshell as it is deployed: in the kind cluster, behind two proxies.

use std::{ffi::OsString, path::Path};

use anyhow::Result;

use super::playwright;
use crate::{
    browser, cluster, command,
    deploy::{self, SignIn},
    image, packages,
    places::Places,
    steps::Steps,
    tools,
    versions::Kubernetes,
};

/// The proxies, and what makes their certificate.
const PACKAGES: [&str; 3] = ["haproxy", "nginx", "openssl"];

/// Builds the image, deploys it once for each way to sign in, and runs the tests.
pub(crate) fn run(
    places: &Places,
    steps: &mut Steps,
    kubernetes: &Kubernetes,
    arguments: &[OsString],
) -> Result<()> {
    let image = image::run(places, steps, &image::Wishes::usual()?)?;
    let cluster = steps.step("cluster", || cluster::up(places, kubernetes))?;
    // Before anything is deployed: what the API server knows then is used.
    let provider = steps.step("API server", || cluster.prepare_api_server(places))?;
    steps.step("load the image", || cluster.load(places, &image.archive))?;
    steps.step("deploy", || {
        cluster.renew_service_rules()?;
        let ways = [SignIn::Token, SignIn::Proxy, SignIn::Oidc];
        ways.into_iter()
            .try_for_each(|way| deploy::usual(places, &cluster, &image, way))
    })?;
    let e2e = places.repository.join("e2e");
    let chromium = steps.step("proxies and browser", || {
        packages::install(&PACKAGES)?;
        tools::npm_packages(&e2e)?;
        browser::find(places)
    })?;
    steps.step("end-to-end tests", || {
        eprintln!("against {}", cluster.description);
        let mut playwright = playwright(&e2e, &cluster, chromium.as_deref())?;
        command::look_first(&mut playwright, cluster.tools().map(Path::to_owned));
        playwright
            .arg("--config=playwright.cluster.config.ts")
            .env("PODSHELL_PROVIDER", &provider.folder)
            .args(arguments);
        command::run(&mut playwright)
    })?;
    eprintln!("\n{}", steps.table());
    Ok(())
}
