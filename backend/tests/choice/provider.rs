//! A kubeconfig's user who signs in at an OpenID provider (`auth-provider: oidc`).

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fake_cluster::FakeCluster;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::{Case, check};

/// An ID token that expires then.
fn token(name: &str, expires: u64) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = part(json!({"sub": name, "exp": expires}));
    format!("{}.{claims}.s3cr3t", part(json!({"alg": "none"})))
}

struct Provider {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _serving: AbortOnDropHandle<()>,
}

type Asked = (Arc<Mutex<Vec<String>>>, String);

async fn give(
    State((asked, token)): State<Asked>,
    headers: HeaderMap,
    form: String,
) -> (StatusCode, Json<Value>) {
    let client = headers["authorization"].to_str().unwrap();
    asked.lock().unwrap().push(format!("{client} {form}"));
    if form.contains("refresh_token=s3cr3t-good") {
        (
            StatusCode::OK,
            Json(json!({"id_token": token, "refresh_token": "s3cr3t-next"})),
        )
    } else {
        (
            StatusCode::BAD_REQUEST,
            Json(json!({"error": "invalid_grant", "error_description": "s3cr3t"})),
        )
    }
}

impl Provider {
    /// Gives this token for the refresh token `s3cr3t-good`.
    async fn start(token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}");
        let metadata = json!({
            "issuer": url, "authorization_endpoint": format!("{url}/auth"),
            "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
        });
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let routes = Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(|| async { Json(metadata) }),
            )
            .route("/token", post(give))
            .with_state((Arc::clone(&asked), token.to_owned()));
        let serving = async move { axum::serve(listener, routes).await.unwrap() };
        Self {
            address,
            asked,
            _serving: AbortOnDropHandle::new(tokio::spawn(serving)),
        }
    }

    fn kubeconfig(&self, cluster: &FakeCluster, more: &Value) -> String {
        let mut config = json!({
            "client-id": "podshell", "client-secret": "s3cr3t", "idp-issuer-url": format!("http://{}", self.address),
        });
        for (key, value) in more.as_object().unwrap() {
            config[key] = value.clone();
        }
        json!({
            "current-context": "away",
            "clusters": [{"name": "far", "cluster": {"server": cluster.url()}}],
            "users": [{"name": "me", "user": {"auth-provider": {"name": "oidc", "config": config}}}],
            "contexts": [{"name": "away", "context": {"cluster": "far", "user": "me"}}],
        })
        .to_string()
    }
}

#[tokio::test]
async fn a_token_is_used_as_long_as_it_is_good_and_then_renewed() {
    let cluster = FakeCluster::builder().start().await.unwrap();
    let (old, new) = (token("old", 1_000_000_000), token("new", 9_000_000_000));
    cluster.add_user(&new, "me", &[]);
    let provider = Provider::start(&new).await;
    let serves = |what| Case::serves(what, &["serves cluster \"away\""]);
    let with = |more: Value| provider.kubeconfig(&cluster, &more);
    check([serves("one that is good").named(&with(json!({"id-token": new})))]).await;
    assert_eq!(provider.asked.lock().unwrap().len(), 0);
    let refresh = json!({"id-token": old, "refresh-token": "s3cr3t-good"});
    check([
        serves("one that has expired").named(&with(refresh)),
        serves("none").named(&with(json!({"refresh-token": "s3cr3t-good"}))),
        Case::fails(
            "one that has expired for good",
            &["oidc has no id-token that is good, nor a refresh-token"],
        )
        .named(&with(json!({"id-token": old}))),
        Case::fails(
            "a sign-in that is over",
            &[
                "can't be renewed: the OpenID provider refuses: invalid_grant",
                "sign in again",
            ],
        )
        .named(&with(json!({"refresh-token": "s3cr3t-bad"}))),
    ])
    .await;
    let asked = provider.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 3, "{asked:?}");
    // podshell:s3cr3t
    assert!(
        asked[0].starts_with("Basic cG9kc2hlbGw6czNjcjN0 grant_type=refresh_token&"),
        "{asked:?}"
    );
}
