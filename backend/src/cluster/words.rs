//! What others say, made fit to be passed on: an API server, a kubelet, a container runtime, a proxy on the way.

use std::{error::Error, io, iter, mem};

use http::StatusCode;

/// The most of it that is passed on, in bytes.
const MOST: usize = 4 << 10;

/// Somebody's words on one line, without control characters, and no longer than they may be.
pub(super) fn fit(words: &str) -> String {
    fit_in(words, MOST)
}

/// The same, no longer than so many bytes.
pub(super) fn fit_in(words: &str, most: usize) -> String {
    let mut fit = String::new();
    let mut is_apart = false;
    for character in words.chars() {
        if character.is_control() || character.is_whitespace() {
            is_apart = !fit.is_empty();
            continue;
        }
        if fit.len() + character.len_utf8() >= most {
            fit.push('…');
            break;
        }
        if mem::take(&mut is_apart) {
            fit.push(' ');
        }
        fit.push(character);
    }
    fit
}

/// Whether this is a page for a browser.
pub(super) fn is_html(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// What was answered by something that is not the API server. Of a page, that it was one.
pub(super) fn foreign_answer(status: StatusCode, is_page: bool, text: &str) -> String {
    let words = fit(text);
    if is_page || is_html(text) {
        format!("{status}, with an HTML page")
    } else if words.is_empty() {
        format!("{status}, without a word")
    } else {
        format!("{status}: {words}")
    }
}

/// Whether these words of a refusal are those of an admission policy, a webhook, or another part of admission. What an
/// authorizer refuses names the user, and what that user cannot do.
pub(super) fn are_of_admission(status: u16, words: &str) -> bool {
    let denied = ["denied the request", "denied request", POD_SECURITY];
    denied.iter().any(|denied| words.contains(denied))
        || (status == 403 && words.contains(" is forbidden: ") && !words.contains(" cannot "))
}

/// Whether these are the words of Pod Security admission.
pub(super) fn are_of_pod_security(words: &str) -> bool {
    words.contains(POD_SECURITY)
}

const POD_SECURITY: &str = "violates PodSecurity";

/// Whether a kubelet says in these words that it has no such container, or pod, that runs.
pub(super) fn say_that_it_is_gone(words: &str) -> bool {
    let attached = words.contains(" not found in pod ");
    attached
        || ["container not found (", "pod does not exist"]
            .iter()
            .any(|gone| words.contains(gone))
}

/// An error, and all that it wraps, from the outermost to the innermost.
pub(super) fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        // What one of these holds is not its source, but that one's source is.
        let io = error.downcast_ref::<io::Error>();
        let held = io.and_then(io::Error::get_ref).map(|held| held as _);
        held.or_else(|| error.source())
    })
}

/// What became of a connection, behind "it"; [`None`] if the error is about something else. Libraries say it in words that
/// are for programmers.
pub(super) fn what_broke(error: &(dyn Error + 'static)) -> Option<&'static str> {
    causes(error).find_map(|error| {
        let io = error.downcast_ref::<io::Error>();
        let http = error.downcast_ref::<hyper::Error>();
        let is_over = |error: &hyper::Error| {
            error.is_incomplete_message() || error.is_closed() || error.is_canceled()
        };
        let broke = io.and_then(|error| io_broke(error.kind()));
        broke.or_else(|| http.filter(|error| is_over(error)).map(|_| BROKEN_OFF))
    })
}

const BROKEN_OFF: &str = "was broken off";

fn io_broke(kind: io::ErrorKind) -> Option<&'static str> {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut, UnexpectedEof,
    };
    match kind {
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected => {
            Some(BROKEN_OFF)
        }
        TimedOut => Some("timed out"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_one_line_without_controls_and_bounded() {
        assert_eq!(fit(""), "");
        assert_eq!(
            fit("\n\nblocked\tby\r\n  a policy\x1b[31m!\x07 "),
            "blocked by a policy [31m!"
        );
        assert_eq!(fit("\u{9b}策略\u{7f}拒绝"), "策略 拒绝");
        let long = "é ".repeat(MOST);
        let fitted = fit(&long);
        assert!(fitted.len() <= MOST + '…'.len_utf8(), "{}", fitted.len());
        assert!(fitted.ends_with('…'));
        let all = "a".repeat(2048);
        assert_eq!(fit(&all), all);
    }

    #[test]
    fn of_a_page_nothing_is_passed_on() {
        let said = |is_page, text| foreign_answer(StatusCode::FORBIDDEN, is_page, text);
        for page in ["<!DOCTYPE html><p>SECRET", "\n <html>SECRET", "<SECRET"] {
            assert_eq!(said(false, page), "403 Forbidden, with an HTML page");
        }
        assert_eq!(said(true, "SECRET"), "403 Forbidden, with an HTML page");
        assert_eq!(said(false, "\n"), "403 Forbidden, without a word");
        assert_eq!(
            said(false, "Blocked by the firewall\n"),
            "403 Forbidden: Blocked by the firewall"
        );
    }

    #[test]
    fn admission_is_told_from_rights() {
        for (status, words) in [
            (
                403,
                r#"pods "web-0" is forbidden: ValidatingAdmissionPolicy 'no' with binding 'no' denied request: namespace payments takes no shells"#,
            ),
            (
                422,
                r#"pods "web-0" is invalid: : ValidatingAdmissionPolicy 'no' with binding 'no' denied request: no"#,
            ),
            (
                400,
                r#"admission webhook "validate.kyverno.svc-fail" denied the request: resource PodExecOptions/ was blocked"#,
            ),
            (
                403,
                r#"admission webhook "guard.example.com" denied the request without explanation"#,
            ),
            (
                403,
                r#"pods "web-0" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true"#,
            ),
            (
                403,
                r#"pods "web-0" is forbidden: exec operation is not allowed because the pod's security context exceeds your permissions"#,
            ),
        ] {
            assert!(are_of_admission(status, words), "{words}");
        }
        for (status, words) in [
            (
                403,
                r#"pods "web-0" is forbidden: User "ann" cannot create resource "pods/exec" in API group "" in the namespace "shop""#,
            ),
            (403, "you may not"),
            (404, r#"pods "web-0" not found"#),
            (500, "Internal error occurred: failed calling webhook"),
        ] {
            assert!(!are_of_admission(status, words), "{words}");
        }
    }

    #[test]
    fn what_broke_is_said_in_our_words() {
        let rustls =
            "peer closed connection without sending TLS close_notify: https://docs.rs/rustls";
        let eof = io::Error::new(io::ErrorKind::UnexpectedEof, rustls);
        assert_eq!(what_broke(&eof), Some("was broken off"));
        let wrapped = io::Error::other(io::Error::from(io::ErrorKind::ConnectionReset));
        assert_eq!(what_broke(&wrapped), Some("was broken off"));
        let certificate = io::Error::new(io::ErrorKind::InvalidData, "UnknownIssuer");
        assert_eq!(what_broke(&certificate), None);
    }
}
