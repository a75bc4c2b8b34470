//! Links on the screen: those that a program has made (OSC 8), and addresses in its text. Which one was chosen, and whether its
//! text names another place.

use wasm_bindgen::prelude::*;
use web_sys::{MouseEvent, Url};

use crate::xterm::bindings::{self, Buffer, BufferRange, Xterm, object};

#[wasm_bindgen(module = "/src/xterm/links.js")]
extern "C" {
    /// Has addresses in a terminal's text be links, too.
    #[wasm_bindgen(js_name = findAddresses)]
    fn find_addresses(terminal: &Xterm, chosen: &Closure<dyn FnMut(MouseEvent, String)>);
}

/// Through so many rows a text is followed that wraps.
const ROWS: u32 = 8;

/// A link that the user has chosen. It leads to a place on the web.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// The whole address.
    pub(crate) address: String,
    /// The host that it leads to, as it stands in the address.
    pub(crate) host: String,
    /// Another host, which the text on the screen names.
    pub(crate) other: Option<String>,
}

/// What is called when a link is chosen: one of a program's own, or an address.
pub(crate) type Chosen = (
    Closure<dyn FnMut(MouseEvent, String, BufferRange)>,
    Closure<dyn FnMut(MouseEvent, String)>,
);

/// Tells of the links that are chosen in a terminal.
pub(crate) fn listen(terminal: &Xterm, tell: impl Fn(Link) + Clone + 'static) -> Chosen {
    let address = {
        let tell = tell.clone();
        Closure::new(move |_: MouseEvent, address: String| {
            // It says itself where it leads.
            if let Some(link) = link(&address, "") {
                tell(link);
            }
        })
    };
    find_addresses(terminal, &address);
    let chosen: Closure<dyn FnMut(MouseEvent, String, BufferRange)> = {
        let terminal = terminal.clone();
        Closure::new(move |_: MouseEvent, address: String, range: BufferRange| {
            if let Some(link) = link(&address, &text(&terminal, &range)) {
                tell(link);
            }
        })
    };
    // xterm.js takes nothing for a link that is not of the web.
    let handler = object(&[("activate", chosen.as_ref().clone())]);
    bindings::set(&terminal.options(), "linkHandler", &handler);
    (chosen, address)
}

/// A link, if its address is one of the web.
fn link(address: &str, text: &str) -> Option<Link> {
    let url = Url::new(address).ok()?;
    if !matches!(&*url.protocol(), "http:" | "https:") {
        return None;
    }
    let host = url.hostname();
    let other = hosts(text).find(|named| !is_same(&canonical(named), &host));
    Some(Link {
        address: url.href(),
        other: other.map(str::to_owned),
        host,
    })
}

/// The text on the screen: what is the link's in its row, and the rest of the word where the rows wrap.
fn text(terminal: &Xterm, range: &BufferRange) -> String {
    let lines: Buffer = terminal.get_buffer().get_active().unchecked_into();
    let cols = terminal.get_cols();
    let (start, end) = (range.get_start(), range.get_end());
    let y = start.get_y() - 1;
    let row = |y: u32, from: u32, to: u32| {
        let line = lines.line(y);
        line.map(|line| line.text(false, from, to))
            .unwrap_or_default()
    };
    let wraps = |y: u32| lines.line(y).is_some_and(|line| line.is_wrapped());
    let mut text = row(y, start.get_x() - 1, end.get_x());
    if start.get_x() == 1 {
        for above in (y.saturating_sub(ROWS)..y).rev() {
            if !wraps(above + 1) {
                break;
            }
            let line = row(above, 0, cols);
            let word = line.rsplit(char::is_whitespace).next().unwrap_or_default();
            text.insert_str(0, word);
            if word.len() < line.len() {
                break;
            }
        }
    }
    if end.get_x() == cols {
        for below in y + 1..=y + ROWS {
            if !wraps(below) {
                break;
            }
            let line = row(below, 0, cols);
            let word = line.split(char::is_whitespace).next().unwrap_or_default();
            text.push_str(word);
            if word.len() < line.len() {
                break;
            }
        }
    }
    text
}

/// The hosts that a text names: those of addresses, and what looks like one.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| character.is_whitespace() || "<>\"'`(){},;|".contains(character))
        .filter_map(|word| match word.split_once("://") {
            Some((_, rest)) => Some(host(rest)).filter(|host| !host.is_empty()),
            None => Some(host(word.trim_matches(['[', ']', '.', ':', '!', '?'])))
                .filter(|host| looks_like_one(host)),
        })
}

/// The host at the beginning of an address without its scheme.
fn host(address: &str) -> &str {
    let authority = address
        .split(['/', '?', '#', '\\'])
        .next()
        .unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    // The colons within brackets are no port's.
    let from = host.find(']').unwrap_or_default();
    let port = host[from..].find(':').map_or(host.len(), |at| from + at);
    &host[..port]
}

/// Whether a word is a name of hosts, rather than one with a dot in it.
fn looks_like_one(word: &str) -> bool {
    // The last three are dots in names, too (UTS #46).
    let labels: Vec<&str> = word.split(['.', '。', '．', '｡']).collect();
    let valid = |label: &&str| {
        !label.is_empty()
            && label
                .chars()
                .all(|character| character.is_alphanumeric() || character == '-')
    };
    let Some((last, _)) = labels.split_last().filter(|(_, rest)| !rest.is_empty()) else {
        return word.eq_ignore_ascii_case("localhost");
    };
    let is_top = last.starts_with("xn--")
        || (last.chars().count() > 1 && last.chars().all(char::is_alphabetic));
    let is_address = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    labels.iter().all(valid) && (is_top || is_address)
}

/// A host as it stands in the address of a link.
fn canonical(host: &str) -> String {
    let url = Url::new(&format!("https://{host}/"));
    url.map_or_else(|_| host.to_owned(), |url| url.hostname())
}

/// Whether two hosts are the same for people.
fn is_same(named: &str, host: &str) -> bool {
    let [named, host] = [named, host].map(|host| {
        let host = host.trim_end_matches('.');
        host.strip_prefix("www.").unwrap_or(host).to_owned()
    });
    named.eq_ignore_ascii_case(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_what_people_write() {
        for (text, named) in [
            (
                "https://github.com/example/shop/pull/481",
                &["github.com"] as &[_],
            ),
            (
                "see github.com, or www.example.org.",
                &["github.com", "www.example.org"],
            ),
            (
                "http://me:secret@host:8080/?x=a.example#b.example",
                &["host"],
            ),
            ("https://github.com@evil.example/", &["evil.example"]),
            ("http://[::1]:8080/", &["[::1]"]),
            ("(GitHub.com/x)", &["GitHub.com"]),
            ("[github.com]", &["github.com"]),
            (
                "127.0.0.1:8080/healthz localhost:3000",
                &["127.0.0.1", "localhost"],
            ),
            (
                "münchen.example xn--mnchen-3ya.example github。com",
                &["münchen.example", "xn--mnchen-3ya.example", "github。com"],
            ),
            ("https://evil.example\\@github.com", &["evil.example"]),
        ] {
            assert_eq!(hosts(text).collect::<Vec<_>>(), named, "{text}");
        }
    }

    #[test]
    fn what_only_has_dots_names_no_host() {
        for text in [
            "",
            "pull request #481",
            "v1.35.4",
            "src/cart.test.ts:41:22",
            "…",
            "a..b",
            "1.2.3.4.5",
            "256.1.1.1",
            "://",
            "e.g. this",
        ] {
            assert_eq!(hosts(text).collect::<Vec<_>>(), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_host_is_the_same_with_www_and_in_capitals() {
        assert!(is_same("GitHub.com.", "www.github.com"));
        for (named, host) in [
            ("github.com", "github.com.evil.example"),
            ("github.com", "gist.github.com"),
            ("ithub.com", "github.com"),
        ] {
            assert!(!is_same(named, host), "{named} {host}");
        }
    }
}
