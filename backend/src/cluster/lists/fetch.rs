//! Asks the API server for a page of pods, or to tell of their changes, and reads the answer here, in this thread.
//!
//! kube's own calls would have it read by the connection that they happen to share with terminals, and log the whole of an
//! answer that they don't understand.

use std::{fmt::Write as _, io::Write as _};

use flate2::write::GzDecoder;
use http::{
    Request, Response, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, RETRY_AFTER},
};
use http_body_util::BodyExt as _;
use kube::{Client, client::Body, core::Status};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Duration, timeout};

use crate::cluster::{ANSWER_TIME, ClusterError, connection::ForLists, words};

/// The longest page that is taken, in bytes. The next try asks for fewer pods.
const PAGE: usize = 32 << 20;
/// The longest line of a watch: no object of a cluster is longer.
const LINE: usize = 4 << 20;
/// How much of a refusal is read: it is a sentence.
const REFUSAL: usize = 64 << 10;

/// Why something could not be had.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The API server has forgotten the version that was gone on from.
    Gone,
    /// It refuses this to the caller.
    Refused(ClusterError),
    /// It has no watches, or the caller may not watch.
    NoWatch,
    /// The page is longer than may be.
    TooLong,
    /// It failed, or said nothing, and wants to be left alone for so long.
    Failed(ClusterError, Option<Duration>),
}

impl From<ClusterError> for Trouble {
    fn from(error: ClusterError) -> Self {
        Self::Failed(error, None)
    }
}

/// Some of the pods.
#[derive(Debug)]
pub(super) struct Page {
    text: Vec<u8>,
}

/// What a page says of itself, and its pods as they came.
#[derive(Debug, Deserialize)]
pub(super) struct Contents<'a> {
    #[serde(default)]
    pub(super) metadata: PageMetadata,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageMetadata {
    #[serde(default)]
    pub(super) resource_version: Option<String>,
    #[serde(default, rename = "continue")]
    pub(super) rest: Option<String>,
}

impl Page {
    /// What is in it.
    pub(super) fn contents(&self) -> Result<Contents<'_>, Trouble> {
        serde_json::from_slice(&self.text).map_err(|_| not_understood("a list of pods"))
    }
}

impl Contents<'_> {
    /// The pods, each as JSON.
    pub(super) fn items(&self) -> impl Iterator<Item = &str> {
        self.items.iter().flatten().map(|item| item.get())
    }
}

/// Which pods: those of one namespace, or all.
fn path(namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("/api/v1/namespaces/{namespace}/pods"),
        None => "/api/v1/pods".to_owned(),
    }
}

/// Asks for some pods: the first, or those that `rest` stands for.
pub(super) async fn page(
    client: &Client,
    namespace: Option<&str>,
    limit: usize,
    rest: Option<&str>,
) -> Result<Page, Trouble> {
    let mut uri = format!("{}?limit={limit}", path(namespace));
    if let Some(rest) = rest {
        let _ = write!(
            uri,
            "&continue={}",
            utf8_percent_encode(rest, NON_ALPHANUMERIC)
        );
    }
    let answer = ask(client, &uri).await?;
    let mut body = Incoming::of(answer);
    let mut text = Vec::new();
    while body.read(&mut text, ANSWER_TIME).await? {
        if text.len() > PAGE {
            return Err(Trouble::TooLong);
        }
    }
    Ok(Page { text })
}

/// A watch that goes on.
pub(super) struct Watch {
    body: Incoming,
    text: Vec<u8>,
    /// How much of it was looked through in vain for the end of a line.
    looked: usize,
}

/// What a watch tells.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// The pod is there, and looks so.
    Put(&'a str),
    /// The pod is gone.
    Removed(&'a str),
    /// Nothing happened up to this version.
    Bookmark(&'a str),
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// Begins to watch, from a version on, for so long.
pub(super) async fn watch(
    client: &Client,
    namespace: Option<&str>,
    version: &str,
    time: Duration,
) -> Result<Watch, Trouble> {
    let version = utf8_percent_encode(version, NON_ALPHANUMERIC);
    let uri = format!(
        "{}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={}",
        path(namespace),
        time.as_secs()
    );
    let answer = match ask(client, &uri).await {
        Err(Trouble::Refused(ClusterError::Api {
            status: 403..=405, ..
        })) => return Err(Trouble::NoWatch),
        answered => answered?,
    };
    Ok(Watch {
        body: Incoming::of(answer),
        text: Vec::new(),
        looked: 0,
    })
}

impl Watch {
    /// Waits for some of it; false at its end.
    pub(super) async fn read(&mut self, time: Duration) -> Result<bool, Trouble> {
        self.body.read(&mut self.text, time).await
    }

    /// Hands on each event that has come as a whole.
    pub(super) fn events(
        &mut self,
        mut each: impl FnMut(Event<'_>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut done = 0;
        while let Some(end) = memchr::memchr(b'\n', &self.text[self.looked..]) {
            let end = self.looked + end;
            let line = &self.text[done..end];
            (done, self.looked) = (end + 1, end + 1);
            if !line.trim_ascii().is_empty() {
                each(event(line)?)?;
            }
        }
        self.text.drain(..done);
        self.looked = self.text.len();
        if self.text.len() > LINE {
            return Err(not_understood("a watch of pods"));
        }
        Ok(())
    }
}

fn event(line: &[u8]) -> Result<Event<'_>, Trouble> {
    let odd = || not_understood("a watch of pods");
    let Line { kind, object } = serde_json::from_slice(line).map_err(|_| odd())?;
    let object = object.get();
    match kind {
        "ADDED" | "MODIFIED" => Ok(Event::Put(object)),
        "DELETED" => Ok(Event::Removed(object)),
        "BOOKMARK" => Ok(Event::Bookmark(object)),
        "ERROR" => {
            let said = Said::read(object.as_bytes()).ok_or_else(odd)?;
            let status = said.code.unwrap_or(500);
            Err(trouble(status, said.message, None))
        }
        // Of a newer API.
        _ => Ok(Event::Bookmark("{}")),
    }
}

/// Sends a request, and gives the answer if it is none that refuses.
async fn ask(client: &Client, uri: &str) -> Result<Response<Body>, Trouble> {
    let request = Request::get(uri)
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "gzip")
        // Over connections that no terminal has.
        .extension(ForLists)
        .body(Body::empty());
    let request = request.map_err(|error| ClusterError::Unreachable(error.to_string()))?;
    let answer = match timeout(ANSWER_TIME, client.send(request)).await {
        Ok(answered) => answered.map_err(ClusterError::from)?,
        Err(_) => return Err(ClusterError::Silent.into()),
    };
    let status = answer.status();
    if status == StatusCode::OK {
        return Ok(answer);
    }
    let pause = answer.headers().get(RETRY_AFTER);
    let pause = pause.and_then(|pause| pause.to_str().ok()?.parse().ok());
    let pause = pause.map(Duration::from_secs);
    let mut body = Incoming::of(answer);
    let mut text = Vec::new();
    while text.len() <= REFUSAL && body.read(&mut text, ANSWER_TIME).await? {}
    let text = String::from_utf8_lossy(&text).into_owned();
    // Something else than an API server may have answered, with anything: of a page it is told that it was one.
    let said = match Said::read(text.as_bytes()) {
        Some(said) => said.message,
        None => Some(text).filter(|text| words::is_html(text)),
    };
    Err(trouble(status.as_u16(), said, pause))
}

/// A `Status`, as far as it is for people.
#[derive(Deserialize)]
struct Said {
    message: Option<String>,
    code: Option<u16>,
}

impl Said {
    fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }
}

fn trouble(status: u16, message: Option<String>, pause: Option<Duration>) -> Trouble {
    let unsaid = || {
        let known = StatusCode::from_u16(status).ok();
        let reason = known.and_then(|status| status.canonical_reason());
        format!("HTTP {status} {}", reason.unwrap_or_default())
    };
    let message = message.filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(unsaid);
    let error = ClusterError::of_status(&Status {
        code: status,
        message,
        ..Status::default()
    });
    match status {
        410 => Trouble::Gone,
        401 | 403 | 404 | 405 => Trouble::Refused(error),
        _ => Trouble::Failed(error, pause),
    }
}

/// Something answered, but not what was asked for. Of what it said nothing is passed on.
fn not_understood(what: &str) -> Trouble {
    ClusterError::Unreachable(format!("what answers there gives no {what}")).into()
}

/// The body of an answer, unpacked as it comes.
struct Incoming {
    body: Body,
    unpack: Option<GzDecoder<Vec<u8>>>,
}

impl Incoming {
    fn of(answer: Response<Body>) -> Self {
        let packed = answer.headers().get(CONTENT_ENCODING);
        let is_packed = packed.is_some_and(|how| how.as_bytes().eq_ignore_ascii_case(b"gzip"));
        Self {
            body: answer.into_body(),
            unpack: is_packed.then(|| GzDecoder::new(Vec::new())),
        }
    }

    /// Adds to `text` what comes next, which may be nothing; false at the end.
    async fn read(&mut self, text: &mut Vec<u8>, time: Duration) -> Result<bool, Trouble> {
        let frame = match timeout(time, self.body.frame()).await {
            Ok(Some(frame)) => frame.map_err(ClusterError::from)?,
            Ok(None) => return Ok(false),
            Err(_) => return Err(ClusterError::Silent.into()),
        };
        let Ok(data) = frame.into_data() else {
            return Ok(true);
        };
        match &mut self.unpack {
            None => text.extend_from_slice(&data),
            Some(unpack) => {
                let unpacked = unpack.write_all(&data).and_then(|()| unpack.flush());
                unpacked.map_err(|error| ClusterError::Unreachable(error.to_string()))?;
                text.append(unpack.get_mut());
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch_of(text: &str) -> Watch {
        Watch {
            body: Incoming::of(Response::new(Body::empty())),
            text: text.as_bytes().to_vec(),
            looked: 0,
        }
    }

    fn told(watch: &mut Watch) -> Result<Vec<String>, Trouble> {
        let mut told = Vec::new();
        watch.events(|event| {
            told.push(match event {
                Event::Put(object) => format!("put {object}"),
                Event::Removed(object) => format!("removed {object}"),
                Event::Bookmark(object) => format!("bookmark {object}"),
            });
            Ok(())
        })?;
        Ok(told)
    }

    #[test]
    fn events_are_lines_however_they_are_cut() {
        let text = "{\"type\":\"ADDED\",\"object\":{\"a\":1}}\n\n{\"type\":\"DELETED\",\"object\":{}}\r\n\
                    {\"type\":\"BOOKMARK\",\"object\":{\"b\":2}}\n{\"type\":\"NEW\",\"object\":{}}\n";
        let whole = told(&mut watch_of(text)).unwrap();
        assert_eq!(
            whole,
            [
                "put {\"a\":1}",
                "removed {}",
                "bookmark {\"b\":2}",
                "bookmark {}"
            ]
        );
        for cut in 0..text.len() {
            let mut watch = watch_of(&text[..cut]);
            let mut both = told(&mut watch).unwrap();
            watch.text.extend_from_slice(&text.as_bytes()[cut..]);
            both.extend(told(&mut watch).unwrap());
            assert_eq!(both, whole, "{cut}");
            assert!(watch.text.is_empty());
        }
    }

    #[test]
    fn what_ends_a_watch_says_why_and_nothing_that_is_no_sentence() {
        let error = |object: &str| {
            let line = format!("{{\"type\":\"ERROR\",\"object\":{object}}}\n");
            told(&mut watch_of(&line)).unwrap_err()
        };
        assert!(matches!(error(r#"{"code":410}"#), Trouble::Gone));
        let Trouble::Failed(words, None) = error(r#"{"code":500,"message":"etcd is away"}"#) else {
            panic!("it is no failure");
        };
        assert_eq!(words.to_string(), "The cluster refused: etcd is away");
        for odd in ["<html>SECRET</html>\n", "{\"type\":3,\"SECRET\":{}}\n"] {
            let Trouble::Failed(words, None) = told(&mut watch_of(odd)).unwrap_err() else {
                panic!("it is no failure");
            };
            assert!(!words.to_string().contains("SECRET"), "{words}");
        }
        let endless = "x".repeat(LINE + 1);
        assert!(told(&mut watch_of(&endless)).is_err());
    }

    #[test]
    fn a_page_is_read_as_odd_as_it_is() {
        let items = |text: &str| {
            let page = Page {
                text: text.as_bytes().to_vec(),
            };
            let contents = page.contents().map_err(drop)?;
            let rest = contents.metadata.rest.clone().unwrap_or_default();
            Ok::<_, ()>((contents.items().count(), rest))
        };
        let page = r#"{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"x"},"items":[{},{"a":[1]}]}"#;
        assert_eq!(items(page), Ok((2, "x".to_owned())));
        for (odd, count) in [
            ("{}", 0),
            (r#"{"metadata":{},"items":null}"#, 0),
            (r#"{"items":[null]}"#, 1),
        ] {
            assert_eq!(items(odd), Ok((count, String::new())), "{odd}");
        }
        for odd in ["", "[]", "<html>", r#"{"items":[{}"#] {
            assert_eq!(items(odd), Err(()), "{odd}");
        }
    }

    #[test]
    fn a_status_tells_what_to_do_next() {
        for (status, refused) in [
            (401, true),
            (403, true),
            (429, false),
            (500, false),
            (503, false),
        ] {
            let trouble = trouble(status, None, None);
            assert_eq!(matches!(trouble, Trouble::Refused(_)), refused, "{status}");
        }
        assert!(matches!(trouble(410, None, None), Trouble::Gone));
        let page = Some("<html>SECRET</html>".to_owned());
        let Trouble::Refused(words) = trouble(403, page, None) else {
            panic!("it is no refusal");
        };
        assert!(
            matches!(words, ClusterError::Proxy(_)) && !words.to_string().contains("SECRET"),
            "{words}"
        );
        let Trouble::Failed(words, _) = trouble(503, Some(String::new()), None) else {
            panic!("it is no failure");
        };
        assert_eq!(
            words.to_string(),
            "The cluster refused: HTTP 503 Service Unavailable"
        );
    }
}
