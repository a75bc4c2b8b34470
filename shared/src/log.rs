//! A container's log, as it is asked for.

use serde::Deserialize;

use crate::target::{encode, names_in, query_value};

/// A container's log as it is asked for: nobody has looked yet whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container of that pod.
    pub container: String,
    /// What of it is wanted.
    pub options: LogOptions,
}

impl LogRequest {
    /// All of a container's log, as far as it is kept.
    pub fn new(
        namespace: impl Into<String>,
        pod: impl Into<String>,
        container: impl Into<String>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            pod: pod.into(),
            container: container.into(),
            options: LogOptions::default(),
        }
    }

    /// Reads the address of a log's page: a path relative to the page's base, without a leading slash, and a query with or
    /// without its question mark. [`None`] if it is no such address.
    pub fn from_page(path: &str, query: &str) -> Option<Self> {
        let [namespace, pod, container] = names_in(path, "log")?;
        let value = |key| query_value(query, key);
        let asked = LogQuery {
            follow: value("follow"),
            previous: value("previous"),
            timestamps: value("timestamps"),
            since: value("since"),
            tail: value("tail"),
        };
        Some(Self {
            namespace,
            pod,
            container,
            options: asked.try_into().ok()?,
        })
    }

    /// The address of this log's page, relative to the page's base.
    pub fn page(&self) -> String {
        format!("log/{}{}", self.encoded(), self.options.query())
    }

    /// The path and query of the API that answer it.
    pub fn path(&self) -> String {
        format!("api/v1/logs/{}{}", self.encoded(), self.options.query())
    }

    fn encoded(&self) -> String {
        [&self.namespace, &self.pod, &self.container]
            .map(|part| encode(part))
            .join("/")
    }
}

/// What of a log is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Whether lines are to come as they are printed, until the container ends.
    pub follow: bool,
    /// Whether it is that of the run before this one.
    pub previous: bool,
    /// Whether each line is to begin with its time.
    pub timestamps: bool,
    /// Lines of so many seconds back; all of them if there is no such number.
    pub since: Option<u32>,
    /// So many of the last lines; all of them if there is no such number.
    pub tail: Option<u32>,
}

/// The same as it stands in a query: `?follow=1&tail=500`. What is empty counts as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
pub struct LogQuery {
    /// `1` to have lines come as they are printed, until the container ends.
    #[serde(default)]
    pub follow: Option<String>,
    /// `1` for the log of the run before this one.
    #[serde(default)]
    pub previous: Option<String>,
    /// `1` to have each line begin with its time (RFC 3339, UTC, nanoseconds).
    #[serde(default)]
    pub timestamps: Option<String>,
    /// Only what was printed in so many seconds, 1 or more.
    #[serde(default)]
    pub since: Option<String>,
    /// Only so many of the last lines.
    #[serde(default)]
    pub tail: Option<String>,
}

/// The error for a value that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is no value for {key}: it takes {takes}.")]
pub struct BadLogQuery {
    /// What it is the value of.
    key: &'static str,
    /// What was given.
    value: String,
    /// What can be given.
    takes: &'static str,
}

impl TryFrom<LogQuery> for LogOptions {
    type Error = BadLogQuery;

    fn try_from(query: LogQuery) -> Result<Self, BadLogQuery> {
        Ok(Self {
            follow: yes("follow", query.follow.as_deref())?,
            previous: yes("previous", query.previous.as_deref())?,
            timestamps: yes("timestamps", query.timestamps.as_deref())?,
            since: number("since", query.since, 1, "a number of seconds, 1 or more")?,
            tail: number("tail", query.tail, 0, "a number of lines")?,
        })
    }
}

fn yes(key: &'static str, value: Option<&str>) -> Result<bool, BadLogQuery> {
    match value {
        None | Some("" | "0" | "false") => Ok(false),
        Some("1" | "true") => Ok(true),
        Some(other) => Err(BadLogQuery {
            key,
            value: other.to_owned(),
            takes: "1 or 0",
        }),
    }
}

fn number(
    key: &'static str,
    value: Option<String>,
    least: u32,
    takes: &'static str,
) -> Result<Option<u32>, BadLogQuery> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match value.parse() {
        Ok(number) if number >= least => Ok(Some(number)),
        _ => Err(BadLogQuery { key, value, takes }),
    }
}

impl LogOptions {
    /// The query that asks for it, with its question mark; empty where nothing has to be said.
    pub fn query(&self) -> String {
        let flags = [
            ("follow", self.follow),
            ("previous", self.previous),
            ("timestamps", self.timestamps),
        ];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        let flags = flags.map(|(key, _)| format!("{key}=1"));
        let numbers = [("since", self.since), ("tail", self.tail)];
        let numbers = numbers
            .into_iter()
            .filter_map(|(key, number)| Some(format!("{key}={}", number?)));
        let parts: Vec<_> = flags.chain(numbers).collect();
        if parts.is_empty() {
            String::new()
        } else {
            format!("?{}", parts.join("&"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<LogOptions, BadLogQuery> {
        let value = |key: &str| {
            let pairs = query.trim_start_matches('?').split('&');
            let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(name, _)| *name == key);
            found.map(|(_, value)| value.to_owned())
        };
        LogQuery {
            follow: value("follow"),
            previous: value("previous"),
            timestamps: value("timestamps"),
            since: value("since"),
            tail: value("tail"),
        }
        .try_into()
    }

    #[test]
    fn what_is_asked_for_is_what_is_read() {
        let all = LogOptions {
            follow: true,
            previous: true,
            timestamps: true,
            since: Some(60),
            tail: Some(0),
        };
        assert_eq!(
            all.query(),
            "?follow=1&previous=1&timestamps=1&since=60&tail=0"
        );
        let tail = LogOptions {
            tail: Some(500),
            ..LogOptions::default()
        };
        for options in [all, tail, LogOptions::default()] {
            assert_eq!(read(&options.query()), Ok(options));
        }
        assert_eq!(LogOptions::default().query(), "");
        assert_eq!(
            read("follow=&since=&tail=&previous=0"),
            Ok(LogOptions::default())
        );
    }

    #[test]
    fn an_address_leads_back_to_its_log() {
        let log = LogRequest {
            namespace: "a b".to_owned(),
            pod: "ü/汉".to_owned(),
            container: "100%?#&".to_owned(),
            options: LogOptions {
                previous: true,
                since: Some(900),
                ..LogOptions::default()
            },
        };
        let page = log.page();
        assert_eq!(
            page,
            "log/a%20b/%C3%BC%2F%E6%B1%89/100%25%3F%23%26?previous=1&since=900"
        );
        let (path, query) = page.split_once('?').unwrap();
        assert_eq!(LogRequest::from_page(path, query), Some(log.clone()));
        assert_eq!(log.path(), page.replacen("log", "api/v1/logs", 1));
        for other in [
            "log",
            "log/a/b",
            "log/a//c",
            "log/a/b/c/d",
            "shell/a/b/c",
            "logs/a/b/c",
        ] {
            assert_eq!(LogRequest::from_page(other, ""), None, "{other}");
        }
        assert_eq!(LogRequest::from_page("log/a/b/c", "?since=no"), None);
    }

    #[test]
    fn what_is_no_value_is_told() {
        for (query, words) in [
            (
                "follow=yes",
                "\"yes\" is no value for follow: it takes 1 or 0.",
            ),
            (
                "since=0",
                "\"0\" is no value for since: it takes a number of seconds, 1 or more.",
            ),
            (
                "since=1.5",
                "\"1.5\" is no value for since: it takes a number of seconds, 1 or more.",
            ),
            (
                "tail=-1",
                "\"-1\" is no value for tail: it takes a number of lines.",
            ),
            (
                "tail=99999999999",
                "\"99999999999\" is no value for tail: it takes a number of lines.",
            ),
        ] {
            assert_eq!(read(query).unwrap_err().to_string(), words);
        }
    }
}
