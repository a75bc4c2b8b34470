//! The OpenID provider of the in-cluster tests, which runs on this machine: its certificate, and what an API server that trusts
//! it is told.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::{
    command, packages,
    places::{Kept, Places},
};

/// The port that it listens at.
const PORT: u16 = 8440;
/// How long a certificate is good, and how long one has to be for another run.
const DAYS: &str = "365";
const ANOTHER_RUN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const LIMIT: Duration = Duration::from_secs(20);

/// Where it is, and the folder with what it needs: `ca.pem`, `leaf.pem` with `leaf.key`, and its address as `issuer`.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) folder: PathBuf,
}

impl Provider {
    /// A provider at this machine's address in the network of the cluster. Its certificate is kept in a folder, and made where
    /// there is none that is good for another run.
    pub(crate) fn at(address: Ipv4Addr, folder: PathBuf, places: &Places) -> Result<Self> {
        let provider = Self {
            issuer: format!("https://{address}:{PORT}"),
            folder,
        };
        let _lock = places.lock(Kept::Cluster)?;
        if !command::succeeds(Command::new("openssl").arg("version"), LIMIT) {
            packages::install(&["openssl"])?;
        }
        if !provider.is_certified(address)? {
            eprintln!("making a certificate for {}", provider.issuer);
            provider.certify(address)?;
        }
        Ok(provider)
    }

    /// The certificate of the authority that vouches for it.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// What is another for each authority.
    pub(crate) fn authority_digest(&self) -> Result<String> {
        let digest = Sha256::digest(read(&self.authority())?);
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// What makes an API server take its ID tokens: <https://kubernetes.io/docs/reference/access-authn-authz/authentication>.
    pub(crate) fn authentication(&self) -> Result<String> {
        Ok(authentication(&self.issuer, &read(&self.authority())?))
    }

    fn openssl(&self, task: &str) -> Command {
        let mut openssl = Command::new("openssl");
        openssl.arg(task).current_dir(&self.folder);
        openssl.stdout(Stdio::null());
        openssl
    }

    /// Whether there is a certificate for this address that will be good for long enough.
    fn is_certified(&self, address: Ipv4Addr) -> Result<bool> {
        let issuer = fs::read_to_string(self.folder.join("issuer"));
        if !issuer.is_ok_and(|issuer| issuer == self.issuer) {
            return Ok(false);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let then = (now + ANOTHER_RUN).as_secs().to_string();
        let mut verify = self.openssl("verify");
        verify.args(["-CAfile", "ca.pem", "-attime", &then]);
        verify.args(["-verify_ip", &address.to_string(), "leaf.pem"]);
        Ok(command::succeeds(&mut verify, LIMIT))
    }

    fn certify(&self, address: Ipv4Addr) -> Result<()> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("making {}", self.folder.display()))?;
        // Nothing of the system's settings: by Debian's, whatever signs itself is an authority, which is no server for rustls.
        let settings = format!(
            "[req]\ndistinguished_name = name\n[name]\n\
             [authority]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n\
             [leaf]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = IP:{address}\n"
        );
        fs::write(self.folder.join("openssl.cnf"), settings)?;
        let make = |name: &str, subject: &str, extensions: &str, by: &[&str]| {
            let mut request = self.openssl("req");
            request.args(["-x509", "-config", "openssl.cnf", "-days", DAYS, "-nodes"]);
            request.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
            request.args(["-subj", subject, "-extensions", extensions]);
            request.args(["-keyout", &format!("{name}.key")]);
            request.args(["-out", &format!("{name}.pem")]).args(by);
            command::run(&mut request)
        };
        make("ca", "/CN=podshell tests", "authority", &[])?;
        let by = ["-CA", "ca.pem", "-CAkey", "ca.key"];
        make("leaf", "/CN=the tests' provider", "leaf", &by)?;
        // Last: with it, all is there.
        fs::write(self.folder.join("issuer"), &self.issuer)?;
        Ok(())
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn authentication(issuer: &str, authority: &str) -> String {
    let authority: String = authority
        .lines()
        .map(|line| format!("        {line}\n"))
        .collect();
    format!(
        "\
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
  - issuer:
      url: {issuer}
      audiences: [podshell]
      certificateAuthority: |
{authority}    claimMappings:
      username: {{claim: email, prefix: ''}}
      groups: {{claim: groups, prefix: 'oidc:'}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::authentication;

    #[test]
    fn the_authority_stands_below_its_key() {
        let text = authentication(
            "https://10.0.0.1:8440",
            "-----BEGIN-----\nAA\n-----END-----\n",
        );
        let part = "certificateAuthority: |\n        -----BEGIN-----\n        AA\n        -----END-----\n    claimMappings:\n";
        assert!(text.contains(part), "{text}");
    }
}
