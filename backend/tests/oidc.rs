//! Sign-in by an OpenID provider, which the test plays: the code flow, what is refused, renewal, and the end of a shell.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Form, Json, Router,
    extract::State,
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{Answer, Terminal, TestServer, until, web};
use http::{
    HeaderName, HeaderValue, Request,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use podshell_shared::terminal::EndReason;
use serde_json::{Value, json};

const CLIENT: &str = "podshell";
const SECRET: &str = "a client's secret, with : and %";
const PUBLIC: &str = "http://127.0.0.1:1";
const WEB: &str = "/api/v1/pod/default/web-0/shell/app";
const CALLBACK: &str = "/api/v1/sign-in/oidc/callback";

/// A provider that does what the test says.
#[derive(Clone)]
struct Provider(Arc<Mutex<Played>>);

struct Played {
    url: String,
    key: EncodingKey,
    jwk: Jwk,
    /// What each code is for: the challenge and the nonce.
    codes: HashMap<String, (String, String)>,
    /// The refresh token that is good; each is good once.
    refresh: Option<String>,
    /// How long ID tokens last, in seconds.
    lasts: u64,
    /// What they say beside what they have to.
    claims: Value,
    refreshed: usize,
    revoked: Vec<String>,
}

impl Provider {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = EncodingKey::from_ec_der(&pair.serialize_der());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some("first".to_owned());
        let provider = Self(Arc::new(Mutex::new(Played {
            url,
            key,
            jwk,
            codes: HashMap::new(),
            refresh: None,
            lasts: 3600,
            claims: json!({"email": "ann@example.org", "email_verified": true, "groups": ["dev"]}),
            refreshed: 0,
            revoked: Vec::new(),
        })));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(Self::metadata))
            .route("/keys", get(Self::keys))
            .route("/token", post(Self::token))
            .route("/revoke", post(Self::revoke))
            .with_state(provider.clone());
        // In a runtime of its own: the test's is looked at for tasks that the server leaves behind.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(async {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, routes).await
            })
        });
        provider
    }

    fn with<T>(&self, act: impl FnOnce(&mut Played) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    fn url(&self) -> String {
        self.with(|played| played.url.clone())
    }

    async fn metadata(State(provider): State<Self>) -> Json<Value> {
        let url = provider.url();
        Json(json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize?tenant=1"),
            "token_endpoint": format!("{url}/token"),
            "revocation_endpoint": format!("{url}/revoke"),
            "jwks_uri": format!("{url}/keys"),
        }))
    }

    async fn keys(State(provider): State<Self>) -> Json<Value> {
        Json(json!({"keys": [provider.with(|played| played.jwk.clone())]}))
    }

    async fn revoke(
        State(provider): State<Self>,
        Form(form): Form<HashMap<String, String>>,
    ) -> StatusCode {
        provider.with(|played| played.revoked.push(form["token"].clone()));
        StatusCode::OK
    }

    async fn token(
        State(provider): State<Self>,
        headers: http::HeaderMap,
        Form(form): Form<HashMap<String, String>>,
    ) -> impl IntoResponse {
        // RFC 6749, section 2.3.1: both are encoded before they are joined.
        let basic = "Basic cG9kc2hlbGw6YSUyMGNsaWVudCUyN3MlMjBzZWNyZXQlMkMlMjB3aXRoJTIwJTNBJTIwYW5kJTIwJTI1";
        assert_eq!(headers["authorization"], basic, "{SECRET}");
        let refused = || {
            (
                StatusCode::BAD_REQUEST,
                Json(json!({"error": "invalid_grant"})),
            )
        };
        provider.with(|played| {
            let nonce = match &*form["grant_type"] {
                "authorization_code" => {
                    assert_eq!(form["redirect_uri"], format!("{PUBLIC}{CALLBACK}"));
                    let Some((challenge, nonce)) = played.codes.remove(&form["code"]) else {
                        return refused();
                    };
                    let verifier = digest(&SHA256, form["code_verifier"].as_bytes());
                    if URL_SAFE_NO_PAD.encode(verifier) != challenge {
                        return refused();
                    }
                    nonce
                }
                "refresh_token" if played.refresh.as_ref() == Some(&form["refresh_token"]) => {
                    played.refreshed += 1;
                    String::new()
                }
                _ => return refused(),
            };
            let refresh = format!("refresh-{}", played.refreshed);
            played.refresh = Some(refresh.clone());
            let id_token = played.id_token(&nonce);
            (
                StatusCode::OK,
                Json(json!({"id_token": id_token, "refresh_token": refresh, "access_token": "x", "token_type": "Bearer"})),
            )
        })
    }

    /// What a browser comes back with that was sent there; the user has agreed.
    fn agree(&self, location: &str) -> String {
        let query: HashMap<_, _> = location
            .split_once('?')
            .unwrap()
            .1
            .split('&')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT);
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["tenant"], "1");
        assert!(query["scope"].contains("openid"), "{query:?}");
        self.with(|played| {
            let code = format!("code-{}", played.codes.len());
            let for_code = (query["code_challenge"].clone(), query["nonce"].clone());
            played.codes.insert(code.clone(), for_code);
            let iss = played.url.replace(':', "%3A").replace('/', "%2F");
            format!("code={code}&state={}&iss={iss}", query["state"])
        })
    }
}

impl Played {
    fn id_token(&self, nonce: &str) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let mut claims = json!({
            "iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + self.lasts, "nonce": nonce,
        });
        let others = self.claims.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(others);
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("first".to_owned());
        encode(&header, &claims, &self.key).unwrap()
    }
}

/// A browser, with its cookies.
#[derive(Clone, Default)]
struct Browser(HashMap<String, String>);

impl Browser {
    fn put<T>(&self, request: &mut Request<T>) {
        let host = PUBLIC.strip_prefix("http://").unwrap();
        request
            .headers_mut()
            .insert("host", HeaderValue::from_static(host));
        let cookies: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let cookies = HeaderValue::try_from(cookies.join("; ")).unwrap();
            request.headers_mut().insert(COOKIE, cookies);
        }
    }

    async fn ask(
        &mut self,
        server: &TestServer,
        method: &str,
        path: &str,
        site: &'static str,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", server.host))
            .body(String::new())
            .unwrap();
        let fetch_site = HeaderName::from_static("sec-fetch-site");
        request
            .headers_mut()
            .insert(fetch_site, HeaderValue::from_static(site));
        self.put(&mut request);
        let answer = server.send_any(request).await;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    async fn get(&mut self, server: &TestServer, path: &str) -> Answer {
        self.ask(server, "GET", path, "same-origin").await
    }

    /// Signs in; where that leads.
    async fn sign_in(&mut self, server: &TestServer, provider: &Provider, to: &str) -> String {
        let begun = self
            .get(server, &format!("/api/v1/sign-in/oidc?to={to}"))
            .await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.body);
        let back = provider.agree(begun.headers[LOCATION].to_str().unwrap());
        self.come_back(server, &back).await
    }

    async fn come_back(&mut self, server: &TestServer, query: &str) -> String {
        let back = self
            .ask(server, "GET", &format!("{CALLBACK}?{query}"), "cross-site")
            .await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
        back.headers[LOCATION].to_str().unwrap().to_owned()
    }

    async fn open(&mut self, server: &TestServer) -> Terminal {
        let minted = self.get(server, WEB).await;
        assert_eq!(minted.status, StatusCode::OK, "{}", minted.body);
        let minted: Value = serde_json::from_str(&minted.body).unwrap();
        let mut request = server.upgrade("");
        self.put(&mut request);
        let mut terminal = server.connect_by(request).await;
        terminal.bind(minted["id"].as_str().unwrap(), true).await;
        terminal.resize(24, 80).await;
        terminal.see_prompt().await;
        terminal
    }
}

async fn start(provider: &Provider, flags: &[&str]) -> (TestServer, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECRET).unwrap();
    let (url, path) = (provider.url(), file.path().to_str().unwrap().to_owned());
    let own = [
        "--sign-in",
        "oidc",
        "--public-url",
        PUBLIC,
        "--oidc-issuer",
        &url,
        "--oidc-client-id",
        CLIENT,
        "--oidc-client-secret-file",
        &path,
        "--review-every",
        "1s",
        "--audit",
        "true",
    ];
    let server = TestServer::start_with(web(), &[&own, flags].concat()).await;
    (server, file)
}

#[tokio::test]
async fn a_user_of_the_provider_has_a_shell_as_themselves() {
    let provider = Provider::start();
    let (server, _file) = start(
        &provider,
        &["--act-as", "impersonate", "--oidc-groups-prefix", "oidc:"],
    )
    .await;
    let mut ann = Browser::default();
    let refused = ann.get(&server, WEB).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        ann.get(&server, "/api/v1/sign-in").await.body,
        r#"{"method":"oidc"}"#
    );
    let to = ann
        .sign_in(&server, &provider, "/shell/default/web-0/app%3Fshell=sh")
        .await;
    assert_eq!(to, "/shell/default/web-0/app?shell=sh");
    let mut me: Value = serde_json::from_str(&ann.get(&server, "/api/v1/me").await.body).unwrap();
    let ends = me.as_object_mut().and_then(|me| me.remove("ends"));
    assert!(ends.is_some_and(|ends| ends.is_u64()));
    assert_eq!(
        me,
        json!({"user": "ann@example.org", "groups": ["oidc:dev"], "canSignOut": true, "cluster": "fake", "kept": 900})
    );
    let mut terminal = ann.open(&server).await;
    let exec = server.cluster.execs().pop().unwrap();
    assert_eq!(exec.user, "ann@example.org");
    let event = server.events.see("sign-in").await;
    assert_eq!(
        (&event["user"], &event["issuer"]),
        (&json!("ann@example.org"), &json!(provider.url()))
    );
    // Signing out ends it, and makes the refresh token worthless.
    let out = ann
        .ask(&server, "POST", "/api/v1/sign-out", "same-origin")
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(ann.0.is_empty(), "no cookie is left");
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::SignedOut);
    assert_eq!(
        provider.with(|played| played.revoked.clone()),
        ["refresh-0"]
    );
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn the_api_server_gets_the_users_own_token() {
    let provider = Provider::start();
    let (server, _file) = start(&provider, &[]).await;
    let mut ann = Browser::default();
    ann.sign_in(&server, &provider, "/").await;
    // It trusts the provider: whoever has one of its tokens is its user.
    let seen = ann.get(&server, "/api/v1/pods").await;
    assert_eq!(seen.status, StatusCode::BAD_GATEWAY, "{}", seen.body);
    assert!(seen.body.contains("cluster-credentials"), "{}", seen.body);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_end_of_ones_own_sign_in_is_refused() {
    let provider = Provider::start();
    let (server, _file) = start(&provider, &["--act-as", "impersonate"]).await;
    let mut ann = Browser::default();
    let begun = ann.get(&server, "/api/v1/sign-in/oidc").await;
    let before = ann.clone();
    let back = provider.agree(begun.headers[LOCATION].to_str().unwrap());
    // Of somebody else's sign-in: no cookie, another's, another provider's code.
    let mut eve = Browser::default();
    assert_eq!(
        eve.come_back(&server, &back).await,
        "/#sign-in-failed=not-begun"
    );
    eve.get(&server, "/api/v1/sign-in/oidc").await;
    assert_eq!(
        eve.come_back(&server, &back).await,
        "/#sign-in-failed=not-begun"
    );
    let mixed = format!(
        "{}&iss=https%3A%2F%2Fevil.example",
        back.split_once("&iss").unwrap().0
    );
    assert_eq!(
        before.clone().come_back(&server, &mixed).await,
        "/#sign-in-failed=not-begun"
    );
    let denied = format!("error=access_denied&{}", back.split_once('&').unwrap().1);
    assert_eq!(
        before.clone().come_back(&server, &denied).await,
        "/#sign-in-failed=access_denied"
    );
    // A code is good once, and its cookie is gone then; with the cookie kept, the provider refuses.
    assert_eq!(before.clone().come_back(&server, &back).await, "/");
    assert_eq!(
        before.clone().come_back(&server, &back).await,
        "/#sign-in-failed=invalid_grant"
    );
    let refused = server.events.see_all("sign-in-refused", 5).await;
    assert_eq!(refused.len(), 5);
    // Nobody is led elsewhere by a link to us.
    for to in [
        "https://evil.example",
        "//evil.example",
        "/%5Cevil.example",
        "javascript:x",
        "/a%0d%0aset-cookie:x",
    ] {
        assert_eq!(ann.sign_in(&server, &provider, to).await, "/", "{to}");
    }
    server.stop().await;
}

#[tokio::test]
async fn tokens_and_names_that_are_not_to_be_believed() {
    let provider = Provider::start();
    let (server, _file) = start(&provider, &["--act-as", "impersonate"]).await;
    let mut ann = Browser::default();
    let mut try_with = async |claims: Value| {
        provider.with(|played| played.claims = claims);
        ann.sign_in(&server, &provider, "/").await
    };
    for (claims, why) in [
        (json!({"email": "a@b", "aud": "another"}), "provider"),
        (
            json!({"email": "a@b", "iss": "https://evil.example"}),
            "provider",
        ),
        (json!({"email": "a@b", "exp": 1_000}), "provider"),
        (json!({"email": "a@b", "nonce": "another"}), "provider"),
        (json!({"email": "a@b", "email_verified": false}), "provider"),
        (json!({}), "provider"),
        (
            json!({"email": "system:admin"}),
            "reserved%3Asystem%3Aadmin",
        ),
        (
            json!({"email": "a@b", "groups": ["system:masters"]}),
            "reserved%3Asystem%3Amasters",
        ),
    ] {
        assert_eq!(
            try_with(claims.clone()).await,
            format!("/#sign-in-failed={why}"),
            "{claims}"
        );
    }
    assert_eq!(
        try_with(json!({"email": "a@b", "groups": "dev"})).await,
        "/"
    );
    // Another's signature.
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    provider.with(|played| played.key = EncodingKey::from_ec_der(&pair.serialize_der()));
    assert_eq!(
        try_with(json!({"email": "a@b"})).await,
        "/#sign-in-failed=provider"
    );
    server.stop().await;
}

/// A shell of somebody whose sign-in each review renews: it lasts less than it is renewed ahead of its end.
async fn open_to_be_renewed(
    provider: &Provider,
) -> (TestServer, tempfile::NamedTempFile, Browser, Terminal) {
    provider.with(|played| played.lasts = 60);
    let (server, file) = start(provider, &["--act-as", "impersonate"]).await;
    let mut ann = Browser::default();
    ann.sign_in(&server, provider, "/").await;
    let terminal = ann.open(&server).await;
    (server, file, ann, terminal)
}

#[tokio::test]
async fn a_sign_in_is_renewed_while_a_shell_runs_and_ends_it_when_it_can_not_be() {
    let provider = Provider::start();
    let (server, _file, mut ann, mut terminal) = open_to_be_renewed(&provider).await;
    let renewed = || provider.with(|played| played.refreshed);
    let before = renewed();
    until("renewals", || renewed() >= before + 2).await;
    // The browser's own tokens are older by now: it gets those of the shell.
    let me = ann.get(&server, "/api/v1/me").await;
    assert_eq!(me.status, StatusCode::OK, "{}", me.body);
    provider.with(|played| played.refresh = None);
    terminal.end().await;
    assert_eq!(terminal.exit.unwrap().reason, EndReason::SignedOut);
    let refused = ann.get(&server, "/api/v1/me").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    server.no_process_left().await;
    server.stop().await;
}

#[tokio::test]
async fn signing_out_revokes_the_latest_refresh_token() {
    let provider = Provider::start();
    let (server, _file, mut ann, mut terminal) = open_to_be_renewed(&provider).await;
    // The next renewal is the last one: the browser does not hear of it.
    let before = provider.with(|played| {
        played.lasts = 3600;
        played.refreshed
    });
    let renewed = || provider.with(|played| played.refreshed);
    until("a renewal", || renewed() > before).await;
    let out = ann
        .ask(&server, "POST", "/api/v1/sign-out", "same-origin")
        .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    terminal.end().await;
    assert_eq!(
        provider.with(|played| played.revoked.clone()),
        [format!("refresh-{}", before + 1)]
    );
    server.no_process_left().await;
    server.stop().await;
}
