//! The end-to-end tests of Podshell as it is deployed: in the kind cluster, behind two proxies.

use std::{ffi::OsString, process::Command};

use anyhow::Result;

use crate::{
    browser, cluster, command,
    deploy::{self, SignIn},
    image, packages,
    places::Places,
    steps::Steps,
    tools,
};

/// The proxies, and what makes their certificate.
const PACKAGES: [&str; 3] = ["haproxy", "nginx", "openssl"];

/// Builds the image, deploys it once for each way to sign in, and runs the tests.
pub(crate) fn run(places: &Places, steps: &mut Steps, arguments: &[OsString]) -> Result<()> {
    let image = image::run(places, steps, &image::Wishes::usual()?)?;
    let cluster = steps.step("cluster", || cluster::up(places))?;
    steps.step("load the image", || cluster.load(places, &image.archive))?;
    steps.step("deploy", || {
        for sign_in in [SignIn::Token, SignIn::Proxy] {
            deploy::usual(places, &cluster, &image, sign_in)?;
        }
        Ok(())
    })?;
    let e2e = places.repository.join("e2e");
    let chromium = steps.step("proxies and browser", || {
        packages::install(&PACKAGES)?;
        tools::npm_packages(&e2e)?;
        browser::find(places)
    })?;
    steps.step("end-to-end tests", || {
        eprintln!("against {}", cluster.description);
        command::run(
            Command::new("node")
                .arg("node_modules/typescript/bin/tsc")
                .current_dir(&e2e),
        )?;
        let mut playwright = Command::new("node");
        command::look_first(
            &mut playwright,
            cluster.tools().map(std::path::Path::to_owned),
        );
        playwright
            .args(["node_modules/@playwright/test/cli.js", "test"])
            .arg("--config=playwright.cluster.config.ts")
            .args(arguments)
            .current_dir(&e2e);
        playwright
            .env("PODSHELL_KUBECONFIG", &cluster.kubeconfig)
            .env("KUBECONFIG", &cluster.kubeconfig)
            .env_remove("NO_COLOR");
        if let Some(chromium) = &chromium {
            playwright.env("PODSHELL_CHROMIUM", chromium);
        }
        command::run(&mut playwright)
    })?;
    eprintln!("\n{}", steps.table());
    Ok(())
}
