//! Which cluster the binary serves: what was chosen, the demo if that was asked for or if there is nothing to choose, else
//! an error that says why.

#![expect(clippy::unwrap_used, reason = "clippy knows test functions alone")]
#![allow(unreachable_pub, reason = "a test has no users")]

mod api_server;
mod binary;
#[cfg(unix)]
mod plugins;
mod provider;
#[cfg(all(feature = "demo", target_os = "linux"))]
mod sockets;
#[cfg(target_os = "linux")]
mod terminal;
mod way;

use std::{
    ffi::{OsStr, OsString},
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use binary::{Outcome, Podshell};
use fake_cluster::FakeCluster;
use futures_util::future::join_all;
use tempfile::TempDir;

/// Must never be said.
const SECRET: &str = "s3cr3t";

/// A kubeconfig whose current context is `away`, at `server`, with `user` for the user.
fn kubeconfig(server: &str, user: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Config, current-context: away,
           clusters: [{{name: far, cluster: {{server: '{server}'}}}}], users: [{{name: me, user: {{{user}}}}}],
           contexts: [{{name: away, context: {{cluster: far, user: me}}}}, {{name: near, context: {{cluster: far}}}}]}}"
    )
}

/// One start: what there is, and what is to come of it.
struct Case {
    what: &'static str,
    home: TempDir,
    flags: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    serves: bool,
    says: Vec<String>,
}

impl Case {
    /// It serves something.
    fn serves(what: &'static str, says: &[&str]) -> Self {
        Self {
            what,
            home: TempDir::new().unwrap(),
            flags: Vec::new(),
            // What is never said, is said at no level.
            variables: vec![("PODSHELL_LOG", "trace".into())],
            serves: true,
            says: says.iter().map(|&text| text.to_owned()).collect(),
        }
    }

    /// It ends with an error.
    fn fails(what: &'static str, says: &[&str]) -> Self {
        Self {
            serves: false,
            ..Self::serves(what, says)
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// With the usual kubeconfig.
    fn at_home(self, text: &str) -> Self {
        self.file(".kube/config", text);
        self
    }

    /// With another file.
    fn also(self, name: &str, text: &str) -> Self {
        self.file(name, text);
        self
    }

    /// With a kubeconfig that a variable names.
    fn named(self, text: &str) -> Self {
        let path = self.file("named", text);
        self.naming(path)
    }

    fn naming(self, paths: impl AsRef<OsStr>) -> Self {
        self.with("KUBECONFIG", paths.as_ref())
    }

    /// With another variable.
    fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn flags<T: AsRef<OsStr>>(mut self, flags: &[T]) -> Self {
        self.flags
            .extend(flags.iter().map(|flag| flag.as_ref().to_owned()));
        self
    }

    fn says(mut self, text: impl Into<String>) -> Self {
        self.says.push(text.into());
        self
    }

    fn says_path(self, path: &Path) -> Self {
        self.says(path.to_str().unwrap())
    }

    /// Gives the folder that it ran in.
    async fn check(self) -> TempDir {
        let flags: Vec<_> = self.flags.iter().map(OsString::as_os_str).collect();
        let started = Podshell::start(self.home.path(), &flags, &self.variables).await;
        let Outcome {
            served,
            status,
            stdout,
            stderr,
        } = started.end().await;
        let all = format!("{}:\n{status}\n{stdout}{stderr}", self.what);
        assert_eq!(served, self.serves, "{all}");
        let code = if self.serves { 0 } else { 1 };
        assert_eq!(status.code(), Some(code), "{all}");
        let said = if self.serves {
            stdout
        } else {
            // An error is for people, and what was printed for programs.
            assert_eq!(stdout, "", "{all}");
            // Says what to do, the demo among it if there is one.
            let demo = stderr.contains("podshell --demo");
            assert_eq!(demo, cfg!(feature = "demo"), "{all}");
            stderr
        };
        for text in &self.says {
            assert!(said.contains(text), "no {text:?} in {all}");
        }
        assert!(!all.contains(SECRET) && !all.contains("panicked"), "{all}");
        self.home
    }
}

async fn check(cases: impl IntoIterator<Item = Case>) {
    join_all(cases.into_iter().map(Case::check)).await;
}

/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn the_current_context_is_served() {
    let cluster = FakeCluster::builder().start().await.unwrap();
    let text = cluster.kubeconfig();
    let choice = "serves cluster \"fake\", the current context, at 127.0.0.1:";
    let asked = "serves cluster \"fake\", as asked, at 127.0.0.1:";
    let missing_and_named = |case: Case| {
        let named = case.file("second", &text);
        let list = std::env::join_paths([case.home.path().join("missing"), named]);
        case.naming(list.unwrap())
    };
    let behind = |case: Case, first: &str| {
        let (first, second) = (case.file("first", first), case.file("second", &text));
        let list = std::env::join_paths([first, second]);
        case.naming(list.unwrap())
    };
    let before = |case: Case, second: &str| {
        let (first, second) = (case.file("first", &text), case.file("second", second));
        let list = std::env::join_paths([first, second]);
        case.naming(list.unwrap())
    };
    let by_file = |case: Case| {
        let (token, file) = (cluster.token(), "\"tokenFile\":\"token\",\"token\":\"\"");
        let text = text.replace(&format!("\"token\":\"{token}\""), file);
        assert!(text.contains(file), "{text}");
        case.also("token", &format!("{token}\n")).named(&text)
    };
    assert!(text.contains("http://127.0.0.1"), "{text}");
    check([
        Case::serves("of the usual kubeconfig", &[choice]).at_home(&text),
        Case::serves("of a named kubeconfig", &[choice])
            .at_home(&kubeconfig(NOBODY, ""))
            .named(&text),
        missing_and_named(Case::serves(
            "of a named file behind a missing one",
            &[choice],
        )),
        Case::serves("of a kubeconfig asked for", &[asked])
            .at_home(&text)
            .named(&kubeconfig(NOBODY, ""))
            .flags(&["--kubeconfig", ".kube/config"]),
        Case::serves("of a context asked for", &[asked])
            .named(&text)
            .flags(&["--context", "fake"]),
        behind(
            Case::serves("behind a file whose current context is empty", &[choice]),
            "{current-context: '', clusters: null}",
        ),
        behind(
            Case::serves("behind entries that make no sense and are not used", &[choice]),
            "{users: [{user: {token: x}}, {name: u, user: 7}], clusters: [{name: k, cluster: []}], contexts: [{name: c}]}",
        ),
        before(
            Case::serves("before entries of the same names that make no sense", &[choice]),
            "{clusters: [{name: fake, cluster: 1}], users: [{name: fake, user: 2}], contexts: [{name: fake, context: 3}]}",
        ),
        Case::serves("though variables are empty", &[choice])
            .at_home(&text)
            .with("PODSHELL_KUBECONFIG", "")
            .with("PODSHELL_CONTEXT", "")
            .with("PODSHELL_MAX_SESSIONS", ""),
        by_file(Case::serves("by a token in a file, with a line's end", &[choice])),
        Case::serves("of a server without a scheme", &[choice])
            .named(&text.replace("http://127.0.0.1", "127.0.0.1")),
    ])
    .await;
}

#[cfg(feature = "demo")]
#[tokio::test]
async fn the_demo_is_served_where_there_is_nothing_else() {
    let because = "serves the built-in demo, because there is no kubeconfig and no cluster around";
    let emptied = "{apiVersion: v1, kind: Config, clusters: null, contexts: null, users: null, \
                   current-context: '', preferences: {}}";
    check([
        Case::serves("nothing", &[because]),
        Case::serves("an empty variable", &[because]).naming(""),
        Case::serves("an empty file", &[because]).at_home(""),
        Case::serves("comments alone", &[because]).at_home("# kubectl's\n\n"),
        Case::serves("what kubectl leaves of an emptied file", &[because]).at_home(emptied),
    ])
    .await;
}

#[cfg(feature = "demo")]
#[tokio::test]
async fn the_demo_is_served_if_asked_for() {
    let asked = "serves the built-in demo, as asked, at 127.0.0.1:";
    check([
        Case::serves("with nothing else", &[asked]).flags(&["--demo"]),
        Case::serves("whatever there is", &[asked])
            .at_home(&kubeconfig(NOBODY, ""))
            .flags(&["--demo"]),
        Case::serves("even beside what can't be read", &[asked])
            .named("{")
            .flags(&["--demo", "--context", "none"]),
    ])
    .await;
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_an_error() {
    // Takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let cluster = FakeCluster::builder().start().await.unwrap();
    let away = kubeconfig(NOBODY, "");
    let says = &[
        "podshell: can't use the cluster of context \"away\" at http://127.0.0.1:1 (kubeconfig ",
        "there is no connection: nothing listens there (connection refused)",
        "VPN",
        "`kubectl cluster-info`",
        "--context NAME",
    ];
    let case = |what| Case::fails(what, says);
    let with_path = |case: Case, name: &str| {
        let path = case.home.path().join(name);
        case.says_path(&path)
    };
    check([
        with_path(case("the usual kubeconfig"), ".kube/config").at_home(&away),
        with_path(case("a named one"), "named").named(&away),
        case("one asked for")
            .also("named", &away)
            .says("(kubeconfig named)")
            .flags(&["--kubeconfig", "named"]),
        case("a context asked for")
            .named(&away)
            .flags(&["--context", "away"]),
        Case::fails(
            "a silent one",
            &[&*silent_url, "it does not answer within 15 s"],
        )
        .named(&kubeconfig(&silent_url, "")),
        Case::fails(
            "one that does not know the user",
            &[
                &*cluster.url(),
                "The cluster refused: Unauthorized",
                "credentials",
            ],
        )
        .named(&kubeconfig(&cluster.url(), "token: s3cr3t")),
    ])
    .await;
}

#[tokio::test]
async fn a_kubeconfig_that_can_not_be_used_is_an_error() {
    let away = kubeconfig(NOBODY, "");
    let undecided = away.replace("current-context: away,", "");
    let both = "choose one with --context: away, near";
    let hidden = Case::fails(
        "one that is hidden",
        &[
            "can't use $KUBECONFIG: it names nothing that exists (/no/such/file), and while it is set,",
            "/.kube/config is not read",
        ],
    );
    let gone = "can't use $KUBECONFIG: it names nothing that exists (/no/such/file, /nor/this)";
    let empty = "can't use $KUBECONFIG: it names no file with anything in it (";
    let directory = Case::fails("a directory", &["kubeconfig /", "directory"]);
    let home = directory.home.path().to_owned();
    check([
        hidden.at_home(&away).naming("/no/such/file"),
        Case::fails("files that are not there", &[gone]).naming("/no/such/file:/nor/this"),
        Case::fails("a named file that is empty", &[empty]).named(""),
        directory.naming(home),
        Case::fails("no current context", &["it names no current context", both]).named(&undecided),
        Case::fails(
            "no context",
            &["it names no current context; it has no context at all"],
        )
        .named("{clusters: [{name: far, cluster: {server: 'http://127.0.0.1:1'}}]}"),
        Case::fails(
            "another context",
            &["there is no context \"nowhere\" in it", both],
        )
        .named(&away)
        .flags(&["--context", "nowhere"]),
        Case::fails(
            "a current context that is not there",
            &["there is no context \"gone\"", both],
        )
        .named(&away.replace("current-context: away", "current-context: gone")),
        Case::fails(
            "a cluster that is not there",
            &["\"away\" is of no use", "near-by"],
        )
        .named(&away.replace("cluster: far", "cluster: near-by")),
        Case::fails("another YAML", &["it names no current context"]).named("{some: thing}"),
        Case::fails("no mapping", &["it is YAML, but no kubeconfig"]).named("- some\n- thing"),
        Case::fails(
            "a context of no cluster",
            &["its context \"away\" names no cluster"],
        )
        .named(&away.replace("cluster: far, ", "")),
        Case::fails(
            "a cluster that makes no sense",
            &["its cluster \"far\", which the context \"away\" needs, is not understood"],
        )
        .named(&away.replace("{server: 'http://127.0.0.1:1'}", "{server: [1]}")),
        Case::fails(
            "a user that makes no sense",
            &["its user \"me\", whom the context \"away\" needs, is not understood"],
        )
        .named(&kubeconfig(NOBODY, "token: [1]")),
        Case::fails("a server that is no address", &["\"away\" is of no use"])
            .named(&kubeconfig("", "")),
    ])
    .await;
}

#[tokio::test]
async fn what_was_asked_for_is_never_replaced_by_the_demo() {
    check([
        Case::fails(
            "a missing kubeconfig",
            &["can't use kubeconfig none: No such file"],
        )
        .flags(&["--kubeconfig", "none"]),
        Case::fails(
            "an empty kubeconfig",
            &["kubeconfig empty", "it has no context at all"],
        )
        .also("empty", "")
        .flags(&["--kubeconfig", "empty"]),
        Case::fails(
            "a context of none",
            &["can't use context \"c\": there is no kubeconfig"],
        )
        .flags(&["--context", "c"]),
        Case::fails(
            "a context of what is not there",
            &[
                "context \"c\"",
                "KUBECONFIG names nothing that exists (/no/such/file)",
            ],
        )
        .naming("/no/such/file")
        .flags(&["--context", "c"]),
    ])
    .await;
}

#[tokio::test]
async fn no_error_says_a_secret() {
    let user = |user: &str| kubeconfig("https://127.0.0.1:1", user);
    let exec = |script: &str| {
        user(&format!(
            "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, \
             command: /bin/sh, args: [-c, \"{script}\", s3cr3t], env: [{{name: KEY, value: s3cr3t}}]}}"
        ))
    };
    let pem = |text: &str| format!("client-certificate-data: {text}, client-key-data: {text}");
    // "-----BEGIN s3cr3t", in base64
    let broken = pem("LS0tLS1CRUdJTiBzM2NyM3QK");
    let case = |what, says: &str, text: String| Case::fails(what, &[says]).named(&text);
    check([
        case(
            "no YAML",
            "line 1, column ",
            "token: s3cr3t: {\n".to_owned(),
        ),
        case(
            "another shape",
            "is not understood",
            user("[token, s3cr3t]"),
        ),
        case("a wrong type", "is not understood", user("token: [s3cr3t]")),
        case("no base64", "no certificate in PEM", user(&pem("s3cr3t"))),
        case("no PEM", "no certificate in PEM", user(&broken)),
        case("no header", "no token has", user("token: \"s3cr3t\\n\"")),
        case("a password in the URL", "there is no connection", {
            kubeconfig("http://me:s3cr3t@127.0.0.1:1/?s3cr3t", "")
        }),
        case("no URL", "invalid", kubeconfig("http://me:s3cr3t@a b/", "")),
        case("a proxy", "proxy", {
            let cluster =
                "{server: 'https://127.0.0.1:1', proxy-url: 'ftp://me:s3cr3t@127.0.0.1:1'}";
            user("").replace("{server: 'https://127.0.0.1:1'}", cluster)
        }),
        case(
            "a plugin that fails",
            "\"/bin/sh\" failed (exit status: 3)",
            exec("echo s3cr3t; exit 3"),
        ),
        case(
            "a plugin that babbles",
            "gave an answer that can't be used",
            exec("echo '{s3cr3t'"),
        ),
        case("no token file", "read from /no/such/token: No such file", {
            user("tokenFile: /no/such/token")
        }),
        case("no plugin", "is not installed", {
            exec("").replace("/bin/sh", "/no/such/plugin")
        }),
    ])
    .await;
}

/// A page, or another user, can speak to nothing but the front door.
#[cfg(all(feature = "demo", target_os = "linux"))]
#[tokio::test]
async fn the_demo_has_one_listening_socket_in_all() {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    let home = TempDir::new().unwrap();
    let demo = Podshell::start(home.path(), &["--demo".as_ref()], &[]).await;
    let open = sockets::open_to_others(demo.id());
    let [front] = &open[..] else {
        panic!("{open:?}");
    };
    let port = sockets::port(front);
    // Makes it speak to its cluster.
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request =
        format!("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(sockets::open_to_others(demo.id()), open);
    let outcome = demo.end().await;
    assert!(outcome.status.success(), "{outcome:?}");
}
