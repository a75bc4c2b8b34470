//! TLS that the server itself serves.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::{fs, sync::Arc};

use common::{TestServer, soon, web};
use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Asks for a page over TLS, with these lines of a header, and gives the whole answer; nothing if there is none.
async fn ask(server: &TestServer, connector: &TlsConnector, path: &str, lines: &str) -> String {
    let stream = TcpStream::connect(&server.host).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = soon("TLS", connector.connect(name, stream)).await.unwrap();
    let host = &server.host;
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{lines}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Servers may leave without a word of TLS.
    let _ = soon("an answer", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A certificate for the server, its files and the flags that name them.
struct Served {
    folder: TempDir,
    made: CertifiedKey<KeyPair>,
}

impl Served {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let served = Self { folder, made };
        served.write("tls.crt", &served.made.cert.pem());
        served.write("tls.key", &served.made.signing_key.serialize_pem());
        served
    }

    /// Writes a file beside them; its path.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn flags(&self) -> [String; 4] {
        let path = |name| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (certificate, key) = (path("tls.crt"), path("tls.key"));
        ["--tls-cert".into(), certificate, "--tls-key".into(), key]
    }

    /// A client that trusts it, and shows this certificate if there is one.
    fn client(&self, shows: Option<(Vec<CertificateDer<'static>>, &KeyPair)>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.made.cert.der().clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let client = match shows {
            Some((chain, key)) => {
                let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
                client.with_client_auth_cert(chain, key).unwrap()
            }
            None => client.with_no_client_auth(),
        };
        TlsConnector::from(Arc::new(client))
    }
}

#[tokio::test]
async fn https_is_served_with_a_certificate_of_ones_own() {
    let served = Served::new();
    let flags = served.flags();
    let server = TestServer::start_with(web(), &flags.each_ref().map(String::as_str)).await;
    assert!(
        server.link.starts_with("https://127.0.0.1:"),
        "{}",
        server.link
    );
    let client = served.client(None);
    let from = |scheme: &str| {
        let (host, token) = (&server.host, &server.token);
        format!("origin: {scheme}://{host}\r\nauthorization: Bearer {token}\r\n")
    };
    let answer = ask(&server, &client, "/api/v1/pods", &from("https")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // The same name without TLS is another origin.
    let answer = ask(&server, &client, "/api/v1/pods", &from("http")).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    server.stop().await;
}

/// An authority, and a certificate that it has signed.
fn authority() -> (rcgen::Certificate, rcgen::Certificate, KeyPair) {
    let (own, of_proxy) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut ca = CertificateParams::new([]).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = ca.self_signed(&own).unwrap();
    let proxy = CertificateParams::new(["proxy.example.org".to_owned()]).unwrap();
    let proxy = proxy.signed_by(&of_proxy, &Issuer::new(ca, own)).unwrap();
    (certificate, proxy, of_proxy)
}

#[tokio::test]
async fn a_proxy_is_known_by_its_certificate() {
    let served = Served::new();
    let (ca, proxy, key) = authority();
    let flags = served.flags();
    let ca_file = served.write("ca.crt", &ca.pem());
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let with = ["--sign-in", "proxy", "--proxy-ca-file", &ca_file];
    let with = [
        &flags[..],
        &with,
        &["--public-url", "https://shell.example.org"],
    ]
    .concat();
    let server = TestServer::start_with(web(), &with).await;
    let lines = "x-forwarded-user: ann\r\nx-forwarded-for: 203.0.113.9\r\n";
    let by_proxy = served.client(Some((vec![proxy.der().clone()], &key)));
    let answer = ask(&server, &by_proxy, "/api/v1/me", lines).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""user":"ann""#), "{answer}");
    let mint = "/api/v1/pod/default/web-0/shell/app";
    let answer = ask(&server, &by_proxy, mint, lines).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Whom the proxy was called by, as it says.
    let minted = server.events.see("mint").await;
    assert_eq!(minted["address"], "203.0.113.9");

    // Neither who shows nothing, nor whatever else they say.
    let secret = format!("x-podshell-proxy-secret: \r\n{lines}");
    for lines in [lines, &secret] {
        let answer = ask(&server, &served.client(None), "/api/v1/me", lines).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert!(answer.contains("not-by-proxy"), "{answer}");
    }
    // Nor who shows one by somebody else: that is no connection at all.
    let (_, other, key) = authority();
    let stranger = served.client(Some((vec![other.der().clone()], &key)));
    assert_eq!(ask(&server, &stranger, "/api/v1/me", lines).await, "");
    server.stop().await;
}
