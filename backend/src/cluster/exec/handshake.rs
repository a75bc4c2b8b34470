//! Opens the WebSocket of an exec, and says why if there is none: the API server's own words, a kubelet's, or a proxy's.

use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{
        CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use http_body_util::{BodyExt as _, Limited};
use hyper::upgrade::Upgraded;
use kube::{Client, client::Body, core::Status};
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

use super::Protocol;
use crate::cluster::{ClusterError, words};

/// How much of an answer is looked at that is no upgrade, in bytes.
const MOST_OF_ANSWER: usize = 64 << 10;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Refused {
    /// The API server may not take this subprotocol; if it takes no other either, this is what it means.
    Protocol(ClusterError),
    Error(ClusterError),
}

/// Asks for an upgrade to a WebSocket with this subprotocol.
pub(super) async fn upgrade(
    client: &Client,
    mut request: Request<Vec<u8>>,
    protocol: Protocol,
) -> Result<Upgraded, Refused> {
    let key = generate_key();
    let headers = request.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(
        SEC_WEBSOCKET_KEY,
        key.parse().expect("it is base64, which a header can hold"),
    );
    let name = HeaderValue::from_static(protocol.name());
    headers.insert(SEC_WEBSOCKET_PROTOCOL, name);
    let sent = client.send(request.map(Body::from)).await;
    let response = sent.map_err(|error| Refused::Error(error.into()))?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(response).await);
    }
    check(&response, &key, protocol)?;
    let upgraded = hyper::upgrade::on(response).await;
    upgraded.map_err(|_| {
        let words = "the connection was broken off".to_owned();
        Refused::Error(ClusterError::Unreachable(words))
    })
}

/// Whether a 101 is one to a WebSocket with this subprotocol (RFC 6455, section 4.1).
fn check(response: &Response<Body>, key: &str, protocol: Protocol) -> Result<(), Refused> {
    let header = |name| response.headers().get(name).map(HeaderValue::as_bytes);
    let is = |name, value: &str| {
        let header = response.headers().get(name);
        let header = header.and_then(|header| header.to_str().ok());
        let tokens = header.into_iter().flat_map(|header| header.split(','));
        tokens
            .map(str::trim)
            .any(|token| token.eq_ignore_ascii_case(value))
    };
    if !is(UPGRADE, "websocket")
        || !is(CONNECTION, "upgrade")
        || header(SEC_WEBSOCKET_ACCEPT) != Some(derive_accept_key(key.as_bytes()).as_bytes())
    {
        let words = "what was answered is no upgrade to a WebSocket".to_owned();
        return Err(Refused::Error(ClusterError::NoUpgrade(words)));
    }
    if header(SEC_WEBSOCKET_PROTOCOL) != Some(protocol.name().as_bytes()) {
        return Err(Refused::Protocol(takes_neither()));
    }
    Ok(())
}

fn takes_neither() -> ClusterError {
    ClusterError::Unreachable("it takes neither the v4 nor the v5 exec protocol".to_owned())
}

/// What an answer means that is no upgrade.
async fn refusal(response: Response<Body>) -> Refused {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| {
        let kind = kind.as_bytes().to_ascii_lowercase();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml")
    });
    let body = Limited::new(response.into_body(), MOST_OF_ANSWER).collect();
    let body = body.await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    match serde_json::from_str::<Status>(&text) {
        // Others answer in JSON as well; the API server says that it is a failure.
        Ok(said) if said.status.is_some() => Refused::Error(of_api_server(status, said)),
        _ => of_others(status, is_page, &text),
    }
}

/// What the API server says.
fn of_api_server(status: StatusCode, mut said: Status) -> ClusterError {
    if said.code == 0 {
        said.code = status.as_u16();
    }
    let words = said.message.as_str();
    if said.code == 400
        && words
            .to_ascii_lowercase()
            .contains("upgrade request required")
    {
        return ClusterError::NoUpgrade(words::fit(words));
    }
    if words::say_that_it_is_gone(words) || words.contains(" is not valid for pod ") {
        return ClusterError::Gone(words::fit(words));
    }
    ClusterError::of_status(&said)
}

/// What a kubelet says, whose answers to v4 the API server passes on, or something on the way.
fn of_others(status: StatusCode, is_page: bool, text: &str) -> Refused {
    let foreign = || ClusterError::Proxy(words::foreign_answer(status, is_page, text));
    if is_page || words::is_html(text) {
        return Refused::Error(foreign());
    }
    if words::say_that_it_is_gone(text) {
        return Refused::Error(ClusterError::Gone(words::fit(text)));
    }
    match status.as_u16() {
        426 => Refused::Error(ClusterError::NoUpgrade(words::foreign_answer(
            status, is_page, text,
        ))),
        // Kubernetes' WebSocket library says no more than this, if anything.
        400 | 403 if text.contains("requested protocol(s) are not supported") => {
            Refused::Protocol(takes_neither())
        }
        400 | 403 if text.trim().is_empty() => Refused::Protocol(foreign()),
        500.. => Refused::Error(ClusterError::Api {
            status: status.as_u16(),
            message: match words::fit(text) {
                words if words.is_empty() => status.to_string(),
                words => words,
            },
        }),
        _ => Refused::Error(foreign()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others(status: u16, text: &str) -> Refused {
        of_others(StatusCode::from_u16(status).unwrap(), false, text)
    }

    #[test]
    fn a_kubelets_words_are_told_from_a_proxys() {
        for (status, text, expected) in [
            (500, "container not found (\"app\")\n", "Gone"),
            (404, "pod does not exist\n", "Gone"),
            (500, "container app not found in pod web-0_shop", "Gone"),
            (500, "rpc error: code = Unknown", "Api"),
            (503, "", "Api"),
            (502, "<html>Bad Gateway</html>", "Proxy"),
            (403, "Blocked by the web application firewall", "Proxy"),
            (401, "{\"error\":\"login_required\"}", "Proxy"),
            (200, "<!doctype html>", "Proxy"),
            (302, "", "Proxy"),
            (426, "", "NoUpgrade"),
        ] {
            let Refused::Error(error) = others(status, text) else {
                panic!("{status} {text:?} is taken for a protocol");
            };
            let said = format!("{error:?}");
            assert!(said.starts_with(expected), "{status} {text:?}: {said}");
        }
        let unsupported = "requested protocol(s) are not supported: [v4.channel.k8s.io]";
        assert!(matches!(
            others(403, unsupported),
            Refused::Protocol(ClusterError::Unreachable(_))
        ));
        assert!(matches!(
            others(403, ""),
            Refused::Protocol(ClusterError::Proxy(_))
        ));
    }

    #[test]
    fn the_api_servers_words_tell_what_is_not_there() {
        let said = |code: u16, message: &str| {
            let said = Status::failure(message, "BadRequest").with_code(code);
            format!("{:?}", of_api_server(StatusCode::BAD_REQUEST, said))
        };
        assert!(said(400, "Upgrade request required").starts_with("NoUpgrade"));
        assert!(said(400, "container app is not valid for pod web-0").starts_with("Gone"));
        assert!(said(0, "unable to upgrade").starts_with("Api { status: 400"));
    }
}
