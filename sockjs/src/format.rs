//! How each transport over plain HTTP wraps the frames for its client.

use bytes::Bytes;

/// So many bytes in front make browsers hand on what follows as it comes.
const XHR_PRELUDE: usize = 2048;
const HTML_PRELUDE: usize = 1024;

/// A transport's wrapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// One frame for each request.
    Xhr,
    XhrStreaming,
    EventSource,
    /// A page in a hidden frame, each SockJS frame a script that calls this.
    HtmlFile {
        callback: String,
    },
    /// One script that calls this for each request.
    Jsonp {
        callback: String,
    },
}

impl Format {
    pub(crate) fn content_type(&self) -> &'static str {
        match self {
            Self::Xhr | Self::XhrStreaming | Self::Jsonp { .. } => {
                "application/javascript; charset=UTF-8"
            }
            Self::EventSource => "text/event-stream",
            Self::HtmlFile { .. } => "text/html; charset=UTF-8",
        }
    }

    /// Whether one response carries many frames.
    pub(crate) fn is_streaming(&self) -> bool {
        !matches!(self, Self::Xhr | Self::Jsonp { .. })
    }

    /// What comes before the first frame of a response.
    pub(crate) fn prelude(&self) -> Option<Bytes> {
        match self {
            Self::Xhr | Self::Jsonp { .. } => None,
            Self::XhrStreaming => Some([&[b'h'; XHR_PRELUDE][..], b"\n"].concat().into()),
            // A line end, for the sake of Opera.
            Self::EventSource => Some(Bytes::from_static(b"\r\n")),
            Self::HtmlFile { callback } => {
                let mut page = format!(
                    r#"<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.{callback};
    c.start();
    function p(d) {{c.message(d);}};
    window.onload = function() {{c.stop();}};
  </script>"#
                );
                let missing = (HTML_PRELUDE + 1).saturating_sub(page.len());
                page.extend(std::iter::repeat_n(' ', missing));
                page.push_str("\r\n\r\n");
                Some(page.into())
            }
        }
    }

    /// A frame as the client gets it.
    pub(crate) fn wrap(&self, mut frame: String) -> Bytes {
        let quoted = |frame: &str| serde_json::Value::from(frame).to_string();
        match self {
            Self::Xhr | Self::XhrStreaming => {
                frame.push('\n');
                frame.into()
            }
            // Clients take it for percent-encoded; line ends and NUL, which could not be in it, JSON has escaped.
            Self::EventSource => format!("data: {}\r\n\r\n", frame.replace('%', "%25")).into(),
            Self::HtmlFile { .. } => {
                // A script ends at its end tag, wherever that stands.
                let script = quoted(&frame).replace("</", "<\\/");
                format!("<script>\np({script});\n</script>\r\n").into()
            }
            Self::Jsonp { callback } => format!("/**/{callback}({});\r\n", quoted(&frame)).into(),
        }
    }
}

/// Whether `name` may be called in a script: nothing but a path of names.
pub(crate) fn is_callback(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(format: &Format, frame: &str) -> String {
        String::from_utf8(format.wrap(frame.to_owned()).to_vec()).unwrap()
    }

    #[test]
    fn each_wraps_in_its_way() {
        let callback = "a.b".to_owned();
        let html = Format::HtmlFile {
            callback: callback.clone(),
        };
        let frame = r#"a["</script>100%"]"#;
        for (format, expected) in [
            (Format::Xhr, "a[\"</script>100%\"]\n"),
            (Format::XhrStreaming, "a[\"</script>100%\"]\n"),
            (Format::EventSource, "data: a[\"</script>100%25\"]\r\n\r\n"),
            (
                html.clone(),
                "<script>\np(\"a[\\\"<\\/script>100%\\\"]\");\n</script>\r\n",
            ),
            (
                Format::Jsonp { callback },
                "/**/a.b(\"a[\\\"</script>100%\\\"]\");\r\n",
            ),
        ] {
            assert_eq!(wrapped(&format, frame), expected, "{format:?}");
        }
        assert!(html.prelude().unwrap().len() > HTML_PRELUDE);
        assert_eq!(Format::XhrStreaming.prelude().unwrap().len(), 2049);
    }

    #[test]
    fn a_callback_is_a_name() {
        assert!(is_callback("_sockjs.a-1"));
        for name in [" ", "*", "abc(", "a;b", "<"] {
            assert!(!is_callback(name), "{name}");
        }
    }
}
