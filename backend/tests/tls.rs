//! TLS that the server itself serves.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::{fs, sync::Arc};

use common::{TestServer, soon, web};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Asks for a page over TLS, and gives the whole answer.
async fn ask(server: &TestServer, connector: &TlsConnector, path: &str, origin: &str) -> String {
    let stream = TcpStream::connect(&server.host).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = soon("TLS", connector.connect(name, stream)).await.unwrap();
    let (host, token) = (&server.host, &server.token);
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Servers may leave without a word of TLS.
    let _ = soon("an answer", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn https_is_served_with_a_certificate_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let flags = [
        "--tls-cert",
        certificate.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let server = TestServer::start_with(web(), &flags).await;
    assert!(
        server.link.starts_with("https://127.0.0.1:"),
        "{}",
        server.link
    );
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(client));
    let own = format!("https://{}", server.host);
    let answer = ask(&server, &connector, "/api/v1/pods", &own).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // The same name without TLS is another origin.
    let plain = format!("http://{}", server.host);
    let answer = ask(&server, &connector, "/api/v1/pods", &plain).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    server.stop().await;
}
