//! As much of an API server as a start asks for: its version, over TLS with any certificate, for who shows a token or a
//! certificate; and proxies on the way to it.

use std::{
    convert::Infallible,
    fmt::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

/// A certificate with its key, in PEM.
#[derive(Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Pair {
    /// The certificate as kubeconfigs have it.
    pub fn data(&self) -> String {
        STANDARD.encode(&self.certificate)
    }
}

/// An authority, whose certificates are good for what they are made for.
pub struct Authority {
    pub own: Pair,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = Pair {
            certificate: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        };
        let issuer = Issuer::new(params, key);
        Self { own, issuer }
    }

    /// A certificate for a server of this name, that has expired if asked for so.
    pub fn server(&self, name: &str, has_expired: bool) -> Pair {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if has_expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        self.sign(&params)
    }

    /// A certificate for a client.
    pub fn client(&self, name: &str) -> Pair {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        Pair {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A server's own certificate that is its authority as well, as `openssl req -x509` makes it.
pub fn self_signed(name: &str) -> Pair {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    Pair {
        certificate: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

/// Serves until it is dropped.
pub struct ApiServer {
    pub address: SocketAddr,
    /// `Authorization` and how many certificates each request came with.
    pub seen: Arc<Mutex<Vec<(String, usize)>>>,
    _serving: AbortOnDropHandle<()>,
}

impl ApiServer {
    /// With this certificate, for who has the token; `clients` vouch for who shows a certificate, which then does as well.
    pub async fn start(own: &Pair, token: &str, clients: Option<&Pair>) -> Self {
        let tls = tls(own, clients);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let (acceptor, seen_by) = (TlsAcceptor::from(Arc::new(tls)), Arc::clone(&seen));
        let wanted = format!("Bearer {token}");
        let serving = spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen_by));
                let wanted = wanted.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let shown = stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
                    let service = service_fn(move |request| {
                        let answer = answer(&request, &wanted, shown, &seen);
                        async move { Ok::<_, Infallible>(answer) }
                    });
                    let connection =
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    let _ = connection.await;
                });
            }
        });
        Self {
            address,
            seen,
            _serving: serving,
        }
    }

    /// What a kubeconfig calls it, by this name.
    pub fn url(&self, name: &str) -> String {
        format!("https://{name}:{}", self.address.port())
    }
}

fn answer(
    request: &Request<Incoming>,
    wanted: &str,
    shown: usize,
    seen: &Mutex<Vec<(String, usize)>>,
) -> Response<String> {
    let token = request.headers().get(AUTHORIZATION);
    let token = token.map_or("", |token| token.to_str().unwrap());
    seen.lock().unwrap().push((token.to_owned(), shown));
    let (status, body) = if token == wanted || shown > 0 {
        let version = r#"{"major":"1","minor":"35","gitVersion":"v1.35.4","gitCommit":"","gitTreeState":"","buildDate":"","goVersion":"","compiler":"","platform":""}"#;
        (StatusCode::OK, version)
    } else {
        let refusal = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
        (StatusCode::UNAUTHORIZED, refusal)
    };
    let answer = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    answer.body(body.to_owned()).unwrap()
}

fn tls(own: &Pair, clients: Option<&Pair>) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_slice(authority.certificate.as_bytes()).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        }
        None => builder.with_no_client_auth(),
    };
    let chain = vec![CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
    builder.with_single_cert(chain, key).unwrap()
}

fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    let task: JoinHandle<()> = tokio::spawn(task);
    AbortOnDropHandle::new(task)
}

/// A proxy that knows every name as this machine's.
pub struct Proxy {
    pub address: SocketAddr,
    /// What it was asked to connect to.
    pub asked: Arc<Mutex<Vec<String>>>,
    _serving: AbortOnDropHandle<()>,
}

impl Proxy {
    /// One that speaks HTTP; with `credentials`, only for who sends them (`name:password`). With `tls`, over TLS.
    pub async fn http(credentials: &'static str, tls: Option<&Pair>) -> Self {
        let acceptor = tls.map(|own| TlsAcceptor::from(Arc::new(self::tls(own, None))));
        Self::start(move |stream, asked| {
            let acceptor = acceptor.clone();
            async move {
                match acceptor {
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            connect(stream, credentials, &asked).await;
                        }
                    }
                    None => connect(stream, credentials, &asked).await,
                }
            }
        })
        .await
    }

    /// One that speaks SOCKS 5, without authentication.
    pub async fn socks() -> Self {
        Self::start(|stream, asked| async move { socks(stream, &asked).await.unwrap_or_default() })
            .await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let asked_of = Arc::clone(&asked);
        let serving = spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&asked_of)));
            }
        });
        Self {
            address,
            asked,
            _serving: serving,
        }
    }
}

/// CONNECT.
async fn connect(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    credentials: &str,
    asked: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let to = head.split(' ').nth(1).unwrap().to_owned();
    asked.lock().unwrap().push(to.clone());
    let mut wanted = String::new();
    write!(
        wanted,
        "Proxy-Authorization: Basic {}\r\n",
        STANDARD.encode(credentials)
    )
    .unwrap();
    if !credentials.is_empty() && !head.contains(&wanted) {
        let _ = stream
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            .await;
        return;
    }
    if to.starts_with("forbidden.") {
        let _ = stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\n\r\nSECRET words")
            .await;
        return;
    }
    let port: u16 = to.rsplit_once(':').unwrap().1.parse().unwrap();
    let Ok(mut beyond) = TcpStream::connect(("127.0.0.1", port)).await else {
        let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
        return;
    };
    if stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .is_ok()
    {
        let _ = copy_bidirectional(&mut stream, &mut beyond).await;
    }
}

/// RFC 1928, for names alone.
async fn socks(mut stream: TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.read_u8().await?;
    let methods = stream.read_u8().await?;
    let mut rest = vec![0; methods.into()];
    stream.read_exact(&mut rest).await?;
    stream.write_all(&[5, 0]).await?;
    let mut request = [0; 5];
    stream.read_exact(&mut request).await?;
    assert_eq!(request[..4], [5, 1, 0, 3], "CONNECT to a name");
    let mut name = vec![0; request[4].into()];
    stream.read_exact(&mut name).await?;
    let port = stream.read_u16().await?;
    let name = String::from_utf8(name).unwrap();
    asked.lock().unwrap().push(format!("{name}:{port}"));
    let mut beyond = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 1]).await?;
    copy_bidirectional(&mut stream, &mut beyond).await.map(drop)
}
