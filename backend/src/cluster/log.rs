//! A container's log, as the API server sends it: piece by piece, and only as fast as it is taken.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use kube::{Client, client::Body, core::Status};
use podshell_shared::{
    log::LogOptions,
    terminal::{EndReason, Exit},
};
use tokio::time::{Duration, timeout};

use super::{
    ANSWER_TIME, Cluster, ClusterError, Right,
    access_review::{self, Where},
    pods, words,
};

/// How long whoever follows a log waits for the API server's answer, which comes with the first line alone.
const FIRST_LINE: Duration = Duration::from_secs(2);
/// How long the API server may take for the next piece of a log that is not followed.
const NEXT_PIECE: Duration = Duration::from_secs(60);
/// How much of a refusal is read: it is a sentence.
const REFUSAL: usize = 64 << 10;

/// A log that is being sent. When it is dropped, so is the API server's.
pub(crate) struct Log {
    state: State,
    /// [`None`] for one that is followed, where nothing may come for any time.
    within: Option<Duration>,
    /// Done when the right to it, or the sign-in, is lost.
    lost: BoxFuture<'static, Exit>,
}

enum State {
    Asked(BoxFuture<'static, Result<Body, ClusterError>>),
    Answered(Body),
}

impl Cluster {
    /// The log of a container.
    ///
    /// # Errors
    ///
    /// If the identity may not read it, there is no such pod or container, or no such run of it, or the API server refuses,
    /// fails, or is silent.
    pub(crate) async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        options: LogOptions,
    ) -> Result<Log, ClusterError> {
        let place = Where {
            namespace,
            pod: Some(pod),
        };
        let (allowed, found) = tokio::join!(
            access_review::check(self, Right::Log, place),
            self.pod(namespace, pod)
        );
        allowed?;
        pods::check_log(found?, container, options.previous)?;
        let uri = uri(namespace, pod, container, options);
        let of = (pod.to_owned(), container.to_owned());
        let mut asked: BoxFuture<'static, _> = Box::pin(ask(self.client.clone(), uri, of));
        let patience = if options.follow {
            FIRST_LINE
        } else {
            ANSWER_TIME
        };
        let state = match timeout(patience, &mut asked).await {
            Ok(answered) => State::Answered(answered?),
            Err(_) => State::Asked(asked),
        };
        Ok(Log {
            state,
            within: (!options.follow).then_some(NEXT_PIECE),
            lost: Box::pin(self.lost_right(Right::Log, namespace, pod)),
        })
    }
}

impl Log {
    /// What comes next; [`None`] at its end, or why it is cut short.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, EndReason>> {
        let (state, within) = (&mut self.state, self.within);
        let piece = async {
            match within {
                Some(within) => timeout(within, state.next())
                    .await
                    .unwrap_or(Err(ClusterError::Silent)),
                None => state.next().await,
            }
        };
        tokio::select! {
            biased;
            lost = &mut self.lost => Some(Err(lost.reason)),
            piece = piece => piece.map_err(|error| {
                tracing::debug!(%error, "a log was cut short");
                EndReason::ClusterLost
            }).transpose(),
        }
    }
}

impl State {
    async fn next(&mut self) -> Result<Option<Bytes>, ClusterError> {
        loop {
            match self {
                Self::Asked(asked) => *self = Self::Answered(asked.await?),
                Self::Answered(body) => {
                    let Some(frame) = body.frame().await else {
                        return Ok(None);
                    };
                    if let Ok(data) = frame?.into_data()
                        && !data.is_empty()
                    {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// All of these are names of Kubernetes, which need no encoding.
fn uri(namespace: &str, pod: &str, container: &str, options: LogOptions) -> String {
    let mut uri = format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}");
    let flags = [
        ("follow", options.follow),
        ("previous", options.previous),
        ("timestamps", options.timestamps),
    ];
    for (key, _) in flags.into_iter().filter(|(_, is_set)| *is_set) {
        uri += &format!("&{key}=true");
    }
    let numbers = [("sinceSeconds", options.since), ("tailLines", options.tail)];
    for (key, number) in numbers {
        if let Some(number) = number {
            uri += &format!("&{key}={number}");
        }
    }
    uri
}

/// Asks for the log `of` a pod's container.
async fn ask(client: Client, uri: String, of: (String, String)) -> Result<Body, ClusterError> {
    let request = Request::get(uri).body(Body::empty());
    let request = request.map_err(|error| ClusterError::Unreachable(error.to_string()))?;
    let answer = client.send(request).await?;
    if answer.status() == StatusCode::OK {
        return Ok(answer.into_body());
    }
    let (pod, container) = of;
    Err(match refusal(answer).await {
        // It was otherwise a moment ago.
        ClusterError::Api { message, .. } if message.contains(" is waiting to start") => {
            ClusterError::NoLog {
                pod,
                container,
                what: "waits",
                why: message,
            }
        }
        ClusterError::Api { message, .. } if message.contains("previous terminated container") => {
            ClusterError::NoPreviousLog { pod, container }
        }
        error => error,
    })
}

/// What an answer says that is no log.
async fn refusal(answer: Response<Body>) -> ClusterError {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), REFUSAL).collect();
    let body = match timeout(ANSWER_TIME, body).await {
        Ok(body) => body.map(|body| body.to_bytes()).unwrap_or_default(),
        Err(_) => return ClusterError::Silent,
    };
    match serde_json::from_slice::<Status>(&body) {
        Ok(mut said) if said.status.is_some() => {
            if said.code == 0 {
                said.code = status.as_u16();
            }
            ClusterError::of_status(&said)
        }
        _ => {
            let text = String::from_utf8_lossy(&body);
            ClusterError::Proxy(words::foreign_answer(status, false, &text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_asked_for() {
        let asked = |options| uri("shop", "web-0", "app", options);
        let log = "/api/v1/namespaces/shop/pods/web-0/log?container=app";
        assert_eq!(asked(LogOptions::default()), log);
        let all = LogOptions {
            follow: true,
            previous: true,
            timestamps: true,
            since: Some(60),
            tail: Some(0),
        };
        let query = "&follow=true&previous=true&timestamps=true&sinceSeconds=60&tailLines=0";
        assert_eq!(asked(all), format!("{log}{query}"));
    }

    #[tokio::test]
    async fn a_refusal_keeps_its_words_and_a_page_does_not() {
        let said = async |status: u16, body: &str| {
            let body = Body::from(body.as_bytes().to_vec());
            let answer = Response::builder().status(status).body(body).unwrap();
            refusal(answer).await.to_string()
        };
        let status = r#"{"kind":"Status","status":"Failure","message":"no such thing"}"#;
        assert_eq!(
            said(400, status).await,
            "The cluster refused: no such thing"
        );
        let page = said(200, "<html>SECRET</html>").await;
        assert!(
            page.contains("HTML page") && !page.contains("SECRET"),
            "{page}"
        );
        let page = said(502, "").await;
        assert!(page.contains("502"), "{page}");
    }
}
