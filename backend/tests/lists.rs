//! The list of pods: one watch for all who see the same, kept up to date by parts, and begun anew where it has to be.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

mod common;

use std::time::Duration;

use common::{TestServer, soon, until, web};
use fake_cluster::{ApiEffect, Builder, Container, FakeCluster, Fault, Phase, Pod, Route};
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, HOST},
};
use podshell_shared::{
    api::{ApiError, ErrorCode, PodList},
    known_pods::KnownPods,
};

const PODS: &str = "/api/v1/pods";
/// What a server is called where people sign in.
const PUBLIC: &str = "shell.example.org";

/// A page that looks at a list.
struct Looker<'a> {
    server: &'a TestServer,
    /// What is asked for, without a version.
    query: &'static str,
    token: String,
    known: KnownPods,
    /// The namespaces that were listed last.
    namespaces: Vec<String>,
    /// How many answers have come, how many of them began anew, and how many pods were in them.
    answers: usize,
    anew: usize,
    told: usize,
}

impl<'a> Looker<'a> {
    fn new(server: &'a TestServer) -> Self {
        Self::of(server, "", &server.token)
    }

    fn of(server: &'a TestServer, query: &'static str, token: &str) -> Self {
        Self {
            server,
            query,
            token: token.to_owned(),
            known: KnownPods::default(),
            namespaces: Vec::new(),
            answers: 0,
            anew: 0,
            told: 0,
        }
    }

    /// Asks once; gives whether there is more.
    async fn ask(&mut self) -> Result<bool, (StatusCode, ApiError)> {
        let path = format!("{PODS}?after={}{}", self.known.version(), self.query);
        let mut request = self.server.anonymous(&path);
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.token)).unwrap();
        request.headers_mut().insert(AUTHORIZATION, bearer);
        if self.server.token.is_empty() {
            let host = HeaderValue::from_static(PUBLIC);
            request.headers_mut().insert(HOST, host);
        }
        let answer = self.server.send(request).await;
        if answer.status != StatusCode::OK {
            return Err((answer.status, serde_json::from_str(&answer.body).unwrap()));
        }
        let list: PodList = serde_json::from_str(&answer.body).unwrap();
        self.answers += 1;
        self.anew += usize::from(!list.partial);
        self.told += list.pods.len();
        self.namespaces.clone_from(&list.namespaces);
        let more = list.more;
        self.known.take(list);
        Ok(more)
    }

    /// Asks until there is no more.
    async fn catch_up(&mut self) -> Result<(), (StatusCode, ApiError)> {
        while self.ask().await? {}
        Ok(())
    }

    /// Asks until what is known is so.
    async fn see(&mut self, what: &str, holds: impl Fn(&KnownPods) -> bool) {
        soon(what, async {
            // Somebody else may look at it, too.
            while !(self.catch_up().await.is_ok() && holds(&self.known)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    fn names(&self) -> Vec<String> {
        let pods = self.known.pods().iter();
        pods.map(|pod| format!("{}/{}", pod.namespace, pod.name))
            .collect()
    }

    fn status(&self, name: &str) -> Option<&str> {
        status(&self.known, name)
    }
}

fn status<'a>(known: &'a KnownPods, name: &str) -> Option<&'a str> {
    let pod = known.pods().iter().find(|pod| pod.name == name)?;
    Some(&pod.status)
}

fn many(count: usize) -> Builder {
    FakeCluster::builder().crowd(count)
}

/// All pods, as a script gets them.
async fn whole(server: &TestServer) -> PodList {
    let (status, body) = server.get(PODS).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn many_pods_come_by_pages_to_the_server_and_in_parts_to_the_page() {
    let server = TestServer::start(many(1_200)).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    assert_eq!(page.known.pods().len(), 1_200);
    assert!(page.answers > 2, "{}", page.answers);
    assert_eq!((page.anew, page.told), (1, 1_200));
    // 500, 500 and 200.
    assert_eq!(server.cluster.calls(Route::ListPods), 3);
    let list = whole(&server).await;
    assert_eq!(list.pods, page.known.pods());
    assert_eq!(
        (list.partial, list.more, &list.gone),
        (false, false, &vec![])
    );
    assert_eq!(server.cluster.calls(Route::ListPods), 3);
    // Nothing but what the page shows came this far.
    assert!(
        !serde_json::to_string(&list)
            .unwrap()
            .contains("SECRETSECRET")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_page_gets_what_changed_and_nothing_else() {
    let server = TestServer::start(web().pod(Pod::new("other", "two"))).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    assert_eq!(page.names(), ["default/web-0", "other/two"]);
    let told = page.told;
    // There is nothing new, which takes no time.
    page.ask().await.unwrap();
    assert_eq!(page.told, told);

    server
        .cluster
        .add_pod(Pod::new("a", "first").phase(Phase::Pending));
    page.see("a pod that comes", |known| known.pods().len() == 3)
        .await;
    assert_eq!(page.names()[0], "a/first");
    assert!(server.cluster.set_phase("a", "first", Phase::Failed).await);
    page.see("its failure", |known| {
        status(known, "first") == Some("Failed")
    })
    .await;
    assert!(server.cluster.delete_pod("other", "two").await);
    page.see("a pod that goes", |known| known.pods().len() == 2)
        .await;
    assert_eq!(page.status("two"), None);
    assert_eq!(page.anew, 1);
    // Come, failed, terminating.
    assert!(
        (2..=3).contains(&(page.told - told)),
        "{}",
        page.told - told
    );
    assert_eq!(whole(&server).await.pods, page.known.pods());
    // All of that came by one watch.
    assert_eq!(server.cluster.calls(Route::ListPods), 1);
    assert_eq!(server.cluster.calls(Route::WatchPods), 1);
    server.stop().await;
}

#[tokio::test]
async fn all_pages_of_a_user_share_one_watch_and_no_two_users_do() {
    let public = format!("https://{PUBLIC}");
    let flags = ["--sign-in", "token", "--public-url", &public];
    let server = TestServer::start_with(web().pod(Pod::new("other", "two")), &flags).await;
    server.cluster.add_user("token-of-ann", "ann", &[]);
    server.cluster.add_user("token-of-bob", "bob", &[]);
    server
        .cluster
        .deny_user("bob", "list", "pods", None, "not for bob");
    let mut pages = [
        Looker::of(&server, "", "token-of-ann"),
        Looker::of(&server, "", "token-of-ann"),
    ];
    for page in &mut pages {
        page.catch_up().await.unwrap();
        assert_eq!(page.known.pods().len(), 2);
    }
    // What ann sees is there, and bob gets none of it.
    let mut bob = Looker::of(&server, "", "token-of-bob");
    let (status, error) = bob.ask().await.unwrap_err();
    assert_eq!(
        (status, error.code),
        (StatusCode::FORBIDDEN, ErrorCode::Forbidden)
    );
    assert!(error.message.contains("not for bob"), "{}", error.message);
    // Nor by the version of hers.
    bob.known = pages[0].known.clone();
    bob.ask().await.unwrap_err();
    server.cluster.allow_all();
    soon("bob's own list", async {
        while bob.catch_up().await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(bob.anew, 1);
    until("a watch for each", || server.cluster.watchers().len() == 2).await;
    let mut watchers = server.cluster.watchers();
    watchers.sort();
    assert_eq!(watchers, ["ann", "bob"]);
    server.stop().await;
}

#[tokio::test]
async fn a_list_that_nobody_looks_at_ends() {
    let server = TestServer::start_with(web(), &["--list-time", "1s"]).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    until("a watch", || server.cluster.watchers().len() == 1).await;
    until("its end", || server.cluster.watchers().is_empty()).await;
    assert_eq!(server.cluster.calls(Route::ListPods), 1);
    // Who comes back begins anew, for what happened meanwhile is not known.
    server.cluster.add_pod(Pod::new("default", "late"));
    page.catch_up().await.unwrap();
    assert_eq!((page.anew, page.known.pods().len()), (2, 2));
    assert_eq!(server.cluster.calls(Route::ListPods), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_version_that_is_forgotten_is_listed_anew_and_the_page_goes_on() {
    let server = TestServer::start(web().pod(Pod::new("other", "two"))).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    until("a watch", || server.cluster.watchers().len() == 1).await;
    server.cluster.forget_history();
    until("a second list", || {
        server.cluster.calls(Route::ListPods) == 2
    })
    .await;
    server.cluster.add_pod(Pod::new("other", "three"));
    page.see("what came after it", |known| known.pods().len() == 3)
        .await;
    // Nothing that looks as before was told again.
    assert_eq!((page.anew, page.told), (1, 3));
    // The answer to the question, too, may be that it is gone.
    let gone = ApiEffect::Refuse {
        code: 410,
        message: "too old".to_owned(),
    };
    server
        .cluster
        .inject(Fault::api(Route::WatchPods, gone).once());
    server.cluster.cut_watches();
    until("a third list", || {
        server.cluster.calls(Route::ListPods) == 3
    })
    .await;
    assert!(server.cluster.delete_pod("other", "two").await);
    page.see("what went after it", |known| known.pods().len() == 2)
        .await;
    assert_eq!(page.anew, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_watch_that_breaks_is_gone_on_with() {
    let server = TestServer::start(web()).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    for count in 0..3 {
        until("a watch", || server.cluster.watchers().len() == 1).await;
        server.cluster.cut_watches();
        server
            .cluster
            .add_pod(Pod::new("default", format!("late-{count}")));
        page.see("what came meanwhile", |known| {
            known.pods().len() == count + 2
        })
        .await;
    }
    assert_eq!(server.cluster.calls(Route::ListPods), 1);
    assert_eq!(page.anew, 1);
    server.stop().await;
}

#[tokio::test]
async fn what_is_known_stays_known_while_the_api_server_is_away() {
    let server = TestServer::start(web()).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    until("a watch", || server.cluster.watchers().len() == 1).await;
    let away = ApiEffect::Refuse {
        code: 503,
        message: "away for a moment".to_owned(),
    };
    server.cluster.inject(Fault::api(Route::WatchPods, away));
    server.cluster.cut_watches();
    let mut failure = None;
    soon("a failure", async {
        while failure.is_none() {
            failure = page.ask().await.err();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let (status, error) = failure.unwrap();
    assert_eq!(
        (status, error.code),
        (StatusCode::BAD_GATEWAY, ErrorCode::ClusterRefused)
    );
    assert!(
        error.message.contains("away for a moment"),
        "{}",
        error.message
    );
    // However many look, it is asked for at its own pace.
    let calls = server.cluster.calls(Route::WatchPods);
    for _ in 0..50 {
        page.ask().await.unwrap_err();
    }
    assert!(server.cluster.calls(Route::WatchPods) <= calls + 4);
    server.cluster.clear_faults();
    server.cluster.add_pod(Pod::new("default", "late"));
    page.see("it is back", |known| known.pods().len() == 2)
        .await;
    assert_eq!((page.anew, page.told), (1, 2));
    assert_eq!(server.cluster.calls(Route::ListPods), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_list_that_can_not_begin_is_asked_for_once_for_all_who_want_it() {
    let server = TestServer::start(web()).await;
    let broken = ApiEffect::Refuse {
        code: 500,
        message: "etcd is away".to_owned(),
    };
    server.cluster.inject(Fault::api(Route::ListPods, broken));
    for _ in 0..20 {
        let (status, error) = Looker::new(&server).ask().await.unwrap_err();
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert!(error.message.contains("etcd is away"), "{}", error.message);
    }
    // Once a second, and this took no twenty.
    let calls = server.cluster.calls(Route::ListPods);
    assert!(calls < 20, "{calls}");
    server.cluster.clear_faults();
    Looker::new(&server)
        .see("it begins", |known| known.pods().len() == 1)
        .await;
    server.stop().await;
}

#[tokio::test]
async fn a_right_that_is_taken_away_takes_the_list_away() {
    let server = TestServer::start(web()).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    until("a watch", || server.cluster.watchers().len() == 1).await;
    server.cluster.deny("list", "pods", None, None, "no more");
    server.cluster.deny("watch", "pods", None, None, "no more");
    server.cluster.cut_watches();
    soon("the refusal", async {
        loop {
            match page.ask().await {
                Err((status, error)) => {
                    assert_eq!(
                        (status, error.code),
                        (StatusCode::FORBIDDEN, ErrorCode::Forbidden)
                    );
                    break;
                }
                Ok(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    })
    .await;
    let (status, _) = server.get(PODS).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    server.stop().await;
}

#[tokio::test]
async fn who_may_list_and_not_watch_has_a_list_all_the_same() {
    let server = TestServer::start(web()).await;
    server.cluster.deny("watch", "pods", None, None, "");
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    server.cluster.add_pod(Pod::new("default", "late"));
    page.see("what came", |known| known.pods().len() == 2).await;
    assert!(server.cluster.calls(Route::ListPods) >= 2);
    server.stop().await;
}

#[tokio::test]
async fn a_namespace_by_its_name_for_who_may_not_list_all() {
    let cluster = || {
        web()
            .pod(Pod::new("team", "one"))
            .pod(Pod::new("kube-x", "hidden"))
    };
    let server = TestServer::start_with(cluster(), &["--hidden-namespaces", "kube-*"]).await;
    server.cluster.deny("list", "pods", None, None, "");
    let (status, error) = Looker::new(&server).ask().await.unwrap_err();
    assert_eq!(status, StatusCode::FORBIDDEN);
    let hint = error.hint.unwrap();
    assert!(hint.contains("Name a namespace"), "{hint}");
    server.cluster.allow_all();
    for namespace in ["default", "kube-x"] {
        server.cluster.deny("list", "pods", None, namespace, "");
    }
    let mut page = Looker::of(&server, "&namespace=team", &server.token);
    page.catch_up().await.unwrap();
    assert_eq!(page.names(), ["team/one"]);
    assert_eq!(page.namespaces, ["team"]);
    let mut refused = Looker::of(&server, "&namespace=default", &server.token);
    let (status, error) = refused.ask().await.unwrap_err();
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!error.hint.unwrap().contains("Name a namespace"));
    // Nobody is told of what is hidden.
    for (namespace, code) in [
        ("kube-x", ErrorCode::NoNamespace),
        ("a%2Fb", ErrorCode::BadName),
        ("A", ErrorCode::BadName),
    ] {
        let (status, body) = server.get(&format!("{PODS}?namespace={namespace}")).await;
        let error: ApiError = serde_json::from_str(&body).unwrap();
        assert!(status.is_client_error());
        assert_eq!(error.code, code, "{namespace}");
    }
    server.stop().await;
}

#[tokio::test]
async fn hidden_namespaces_are_in_no_list() {
    let cluster = web().pod(Pod::new("kube-x", "hidden"));
    let server = TestServer::start_with(cluster, &["--hidden-namespaces", "kube-*"]).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    server.cluster.add_pod(Pod::new("kube-y", "hidden"));
    server.cluster.add_pod(Pod::new("zoo", "shown"));
    page.see("a pod that is shown", |known| known.pods().len() == 2)
        .await;
    assert_eq!(page.names(), ["default/web-0", "zoo/shown"]);
    assert_eq!(whole(&server).await.pods.len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn namespaces_by_flag_are_listed_as_far_as_one_may() {
    let cluster = web()
        .pod(Pod::new("jobs", "backup"))
        .pod(Pod::new("shop", "web"))
        .pod(Pod::new("other", "two"));
    let server = TestServer::start_with(cluster, &["--namespace", "shop,jobs"]).await;
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    assert_eq!(page.names(), ["jobs/backup", "shop/web"]);
    assert_eq!(page.namespaces, ["shop", "jobs"]);
    server.cluster.add_pod(Pod::new("jobs", "late"));
    page.see("what comes in one", |known| known.pods().len() == 3)
        .await;
    // One may be named that is none of them.
    let mut other = Looker::of(&server, "&namespace=other", &server.token);
    other.catch_up().await.unwrap();
    assert_eq!(other.names(), ["other/two"]);
    server.stop().await;

    let cluster = web()
        .pod(Pod::new("jobs", "backup"))
        .pod(Pod::new("shop", "web"));
    let server = TestServer::start_with(cluster, &["--namespace", "shop,jobs"]).await;
    server
        .cluster
        .deny("list", "pods", None, "shop", "not there");
    let mut page = Looker::new(&server);
    page.catch_up().await.unwrap();
    assert_eq!(page.names(), ["jobs/backup"]);
    assert_eq!(page.namespaces, ["jobs"]);
    server
        .cluster
        .deny("list", "pods", None, "jobs", "nor there");
    let (status, body) = server.get("/api/v1/pods?namespace=jobs").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{body}");
    server.stop().await;
}

#[tokio::test]
async fn odd_versions_begin_anew() {
    let server = TestServer::start(web()).await;
    for after in ["", "x", "1.2.3", "ffff.9.9", "%00", "-1"] {
        let (status, body) = server.get(&format!("{PODS}?after={after}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let list: PodList = serde_json::from_str(&body).unwrap();
        assert!(!list.partial && list.pods.len() == 1, "{after}");
    }
    server.stop().await;
}

#[tokio::test]
async fn answers_are_packed_for_who_asks_for_it() {
    use std::io::Read as _;
    let server = TestServer::start(many(60)).await;
    let unpacked = |bytes: &[u8]| {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes)
            .read_to_string(&mut text)
            .unwrap();
        serde_json::from_str::<PodList>(&text).unwrap()
    };
    let plain = whole(&server).await;
    for path in [PODS, "/api/v1/pods?after="] {
        let mut request = server.request(path);
        let coding = HeaderValue::from_static("gzip, br");
        request.headers_mut().insert("accept-encoding", coding);
        let (headers, bytes) = server.send_for_bytes(request).await;
        assert_eq!(headers["content-encoding"], "gzip", "{path}");
        assert_eq!(headers["vary"], "accept-encoding");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(unpacked(&bytes).pods, plain.pods, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn no_terminal_waits_for_a_list() {
    // Each page of the list is held back for longer than a terminal may wait, and what comes of it is read elsewhere: were the
    // one to wait for the other, nothing would be echoed before the list is there.
    let server = TestServer::start(
        many(2_000).pod(Pod::new("default", "web-0").container(Container::new("app"))),
    )
    .await;
    let mut terminal = server.open("app").await;
    terminal.see_prompt().await;
    server.cluster.inject(Fault::api(
        Route::ListPods,
        ApiEffect::Delay(Duration::from_millis(300)),
    ));
    let mut page = Looker::new(&server);
    let echoes = async {
        let mut echoes = 0;
        loop {
            echoes += 1;
            terminal.type_text(&format!("echo a{echoes}'b'\r")).await;
            terminal.see(&format!("a{echoes}b")).await;
            if server.cluster.calls(Route::WatchPods) == 1 {
                return echoes;
            }
        }
    };
    let (echoes, loaded) = tokio::join!(echoes, page.catch_up());
    loaded.unwrap();
    assert_eq!(page.known.pods().len(), 2_001);
    assert!(echoes > 5, "{echoes}");
    terminal.type_text("exit\r").await;
    terminal.end().await;
    server.stop().await;
}
