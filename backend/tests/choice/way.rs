//! The way to the API server: proxies, and by what it is known.

use fake_cluster::FakeCluster;

use super::{
    Case,
    api_server::{ApiServer, Authority, Pair, Proxy, self_signed},
    check,
};

const TOKEN: &str = "s3cr3t-token";

/// A kubeconfig for the server at `url`, with more in its cluster.
fn of(url: &str, cluster: &str) -> String {
    format!(
        "{{current-context: away, clusters: [{{name: far, cluster: {{server: '{url}', {cluster}}}}}],
           users: [{{name: me, user: {{token: {TOKEN}}}}}], contexts: [{{name: away, context: {{cluster: far, user: me}}}}]}}"
    )
}

fn trusting(pair: &Pair) -> String {
    format!("certificate-authority-data: {}", pair.data())
}

const SERVES: &str = "serves cluster \"away\", the current context";

#[tokio::test]
async fn proxies_are_taken_as_go_takes_them() {
    let authority = Authority::new();
    let server = ApiServer::start(&authority.server("api.test", false), TOKEN, None).await;
    let near = ApiServer::start(&authority.server("localhost", false), TOKEN, None).await;
    let (http, socks) = (Proxy::http("", None).await, Proxy::socks().await);
    let closed = Proxy::http("me:s3cr3t@", None).await;
    let tls = Proxy::http("", Some(&authority.server("localhost", false))).await;
    let trust = trusting(&authority.own);
    let url = server.url("api.test");
    let by = |proxy: &str| of(&url, &format!("{trust}, proxy-url: '{proxy}'"));
    let serves = |what| Case::serves(what, &[SERVES]);
    let (http, socks_at, closed) = (http, socks.address, closed.address);
    let http_at = http.address;
    check([
        serves("by a kubeconfig's").named(&by(&format!("http://{http_at}"))),
        serves("by one with a name and a password")
            .named(&by(&format!("http://me:s3cr3t%40@{closed}"))),
        serves("by one that speaks TLS")
            .named(&by(&format!("https://localhost:{}", tls.address.port()))),
        serves("by one that speaks SOCKS").named(&by(&format!("socks5://{socks_at}"))),
        serves("by the environment's")
            .named(&of(&url, &trust))
            .with("HTTPS_PROXY", format!("http://{http_at}")),
        serves("by the environment's, without a scheme")
            .named(&of(&url, &trust))
            .with("https_proxy", http_at.to_string()),
        serves("not to this machine, whatever the environment says")
            .named(&of(&near.url("localhost"), &trust))
            .with("HTTPS_PROXY", "http://proxy.invalid:3128"),
        Case::fails("not for whom there is none", &["api.test", "no such host"])
            .named(&of(&url, &trust))
            .with("HTTPS_PROXY", format!("http://{http_at}"))
            .with("NO_PROXY", "other.test, .test"),
        Case::fails(
            "one that wants a password",
            &["the proxy 127.0.0.1:", "wants a name and a password"],
        )
        .named(&by(&format!("http://{closed}"))),
        Case::fails(
            "one that refuses",
            &["the proxy 127.0.0.1:", "refuses to connect there"],
        )
        .named(&of(
            &server.url("forbidden.test"),
            &format!("{trust}, proxy-url: 'http://{http_at}'"),
        )),
        Case::fails(
            "one that is not there",
            &[
                "the proxy 127.0.0.1:1 can't be reached",
                "connection refused",
            ],
        )
        .named(&by("http://me:s3cr3t@127.0.0.1:1")),
        Case::fails(
            "a SOCKS one that is not there",
            &["the proxy 127.0.0.1:1 can't be reached"],
        )
        .named(&by("socks5://127.0.0.1:1")),
        Case::fails(
            "one of a kind that nobody knows",
            &["its proxy-url is no URL that begins with"],
        )
        .named(&by("ftp://me:s3cr3t@127.0.0.1:1")),
    ])
    .await;
    // A proxy resolves the name, which is known to it alone.
    let name = format!("api.test:{}", server.address.port());
    assert!(http.asked.lock().unwrap().contains(&name));
    assert_eq!(*socks.asked.lock().unwrap(), [name]);
}

#[tokio::test]
async fn a_server_is_known_by_what_the_kubeconfig_names() {
    let (authority, other) = (Authority::new(), Authority::new());
    let leaf = authority.server("localhost", false);
    let server = ApiServer::start(&leaf, TOKEN, None).await;
    let expired = ApiServer::start(&authority.server("localhost", true), TOKEN, None).await;
    let named = ApiServer::start(&authority.server("api.test", false), TOKEN, None).await;
    let own = self_signed("localhost");
    let self_signed = ApiServer::start(&own, TOKEN, None).await;
    let plain = FakeCluster::builder().start().await.unwrap();
    let trust = trusting(&authority.own);
    let serves = |what| Case::serves(what, &[SERVES]);
    let at = |server: &ApiServer, cluster: &str| of(&server.url("localhost"), cluster);
    let fails = |what, says: &str| Case::fails(what, &[says, "(kubeconfig ", "https://localhost:"]);
    check([
        serves("by its authority").named(&at(&server, &trust)),
        serves("by its own certificate").named(&at(&server, &trusting(&leaf))),
        serves("by its own certificate, which is an authority's")
            .named(&at(&self_signed, &trusting(&own))),
        serves("by another name")
            .named(&at(&named, &format!("{trust}, tls-server-name: api.test"))),
        serves("in capital letters").named(&at(&server, &trust).replace("https://", "HTTPS://")),
        serves("by nothing").named(&at(&server, "insecure-skip-tls-verify: true")),
        fails(
            "by another authority",
            "authority that the kubeconfig names",
        )
        .named(&at(&server, &trusting(&other.own))),
        fails("by its own, under another name", "it is not for").named(&of(
            &self_signed.url("localhost"),
            &format!("{}, tls-server-name: api.test", trusting(&own)),
        )),
        fails("that has expired", "it has expired").named(&at(&expired, &trust)),
        fails("of another name", "it is not for").named(&at(&named, &trust)),
        Case::fails("that speaks no TLS", &["does not speak TLS", "http://"])
            .named(&of(&plain.url().replace("http:", "https:"), &trust)),
        Case::fails(
            "by no certificate",
            &["is no certificate", "kubectl config view"],
        )
        .named(&at(&server, "certificate-authority-data: DATA+OMITTED")),
    ])
    .await;
}

/// As in an image that holds nothing but us.
#[tokio::test]
async fn a_machine_without_authorities_will_do_where_none_is_needed() {
    let authority = Authority::new();
    let server = ApiServer::start(&authority.server("localhost", false), TOKEN, None).await;
    let without = |case: Case| {
        let empty = case.home.path().to_owned();
        case.with("SSL_CERT_FILE", "/dev/null")
            .with("SSL_CERT_DIR", empty)
    };
    let serves = |what| without(Case::serves(what, &[SERVES]));
    let at = |cluster: &str| of(&server.url("localhost"), cluster);
    let cluster = FakeCluster::builder().start().await.unwrap();
    check([
        serves("with the cluster's").named(&at(&trusting(&authority.own))),
        serves("with nothing verified").named(&at("insecure-skip-tls-verify: true")),
        without(Case::serves("without TLS", &["serves cluster \"fake\""]))
            .named(&cluster.kubeconfig()),
        #[cfg(feature = "demo")]
        without(Case::serves("the demo", &["built-in demo"])).flags(&["--demo"]),
        without(Case::fails(
            "with those of the machine",
            &["no list of authorities", "ca-certificates"],
        ))
        .named(&at("")),
    ])
    .await;
}

/// To whoever listens on the way.
#[tokio::test]
async fn no_credentials_are_sent_without_tls() {
    // Everyone's name for a machine that is not this one, behind a proxy that is.
    let proxy = Proxy::http("", None).await;
    let cluster = FakeCluster::builder().start().await.unwrap();
    let port = cluster.url().rsplit_once(':').unwrap().1.to_owned();
    let text = of(
        &format!("http://api.test:{port}"),
        &format!("proxy-url: 'http://{}'", proxy.address),
    );
    // The cluster answers to no other name, which shows that it was reached.
    check([Case::fails("another machine", &["The cluster refused: this server is"]).named(&text)])
        .await;
    assert!(!proxy.asked.lock().unwrap().is_empty());
}
