//! The messages as JSON text, exactly the `TerminalMessage` of Kubernetes Dashboard.
//!
//! A message is an object of five keys, `Op`, `Data`, `SessionID`, `Rows` and `Cols`, always all
//! of them and in this order. It is read as Go's `encoding/json` reads it there: keys in any
//! case, unknown keys ignored, missing keys and `null` empty; `Rows` and `Cols` must be integers
//! of 16 bits. What Podshell adds to Dashboard's five operations keeps that form, and is sent
//! only to clients whose bind asks for it.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::{
    Deserialize, Serialize,
    de::{Deserializer, IgnoredAny, MapAccess, Visitor},
};
use thiserror::Error;

use crate::terminal::{ClientMessage, Exit, MAX_ID, MAX_PING, PROTOCOL, ServerMessage, Size};

/// Why a text is no message.
#[derive(Debug, Error)]
pub enum TextError {
    /// Not a JSON object of the right types.
    #[error("not a terminal message: {0}")]
    Json(#[from] serde_json::Error),
    /// An operation that this side does not know.
    #[error("unknown operation {0:?}")]
    UnknownOp(String),
    /// A field whose content makes no sense for the operation.
    #[error("{field} of {op:?} must be {expected}")]
    Field {
        /// The operation.
        op: &'static str,
        /// The key.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
}

/// The five keys.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Wire<'a> {
    op: Cow<'a, str>,
    data: Cow<'a, str>,
    #[serde(rename = "SessionID")]
    session_id: Cow<'a, str>,
    rows: u16,
    cols: u16,
}

impl<'a> Wire<'a> {
    fn new(op: &'static str, data: impl Into<Cow<'a, str>>) -> Self {
        Self {
            op: op.into(),
            data: data.into(),
            ..Self::default()
        }
    }

    fn encode(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are always JSON")
    }
}

/// Reads keys whatever their case, which serde's derive can't.
impl<'de> Deserialize<'de> for Wire<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Wire<'static>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with Op, Data, SessionID, Rows and Cols")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut wire = Wire::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    let is = |name: &str| key.eq_ignore_ascii_case(name);
                    // Null leaves a field as it is, as in Go.
                    if is("Op") {
                        set(&mut map, |op: String| wire.op = op.into())?;
                    } else if is("Data") {
                        set(&mut map, |data: String| wire.data = data.into())?;
                    } else if is("SessionID") {
                        set(&mut map, |id: String| wire.session_id = id.into())?;
                    } else if is("Rows") {
                        set(&mut map, |rows| wire.rows = rows)?;
                    } else if is("Cols") {
                        set(&mut map, |cols| wire.cols = cols)?;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(wire)
            }
        }

        fn set<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
            map: &mut A,
            mut put: impl FnMut(T),
        ) -> Result<(), A::Error> {
            if let Some(value) = map.next_value()? {
                put(value);
            }
            Ok(())
        }

        deserializer.deserialize_map(Keys)
    }
}

/// A client's message as text. Input that is not UTF-8 can't be said in this encoding: such
/// bytes become U+FFFD.
pub fn encode_client(message: &ClientMessage) -> String {
    match message {
        ClientMessage::Bind { id, extended } => Wire {
            session_id: id.into(),
            ..Wire::new("bind", if *extended { PROTOCOL } else { "" })
        },
        ClientMessage::Resume { key, offset } => Wire {
            session_id: key.into(),
            ..Wire::new("resume", offset.to_string())
        },
        ClientMessage::Stdin { data } => Wire::new("stdin", String::from_utf8_lossy(data)),
        ClientMessage::Interrupt => Wire::new("interrupt", ""),
        ClientMessage::Resize(Size { rows, cols }) => Wire {
            rows: *rows,
            cols: *cols,
            ..Wire::new("resize", "")
        },
        ClientMessage::Ack { offset } => Wire::new("ack", offset.to_string()),
        ClientMessage::Leave => Wire::new("leave", ""),
        ClientMessage::Close => Wire::new("close", ""),
        ClientMessage::Ping { token } => Wire::new("ping", token),
    }
    .encode()
}

/// Reads a client's message.
///
/// # Errors
///
/// [`TextError`] for what is no message of a client.
pub fn decode_client(text: &str) -> Result<ClientMessage, TextError> {
    let wire: Wire<'static> = serde_json::from_str(text)?;
    Ok(match &*wire.op {
        "bind" => ClientMessage::Bind {
            extended: wire.data == PROTOCOL,
            id: id("bind", wire.session_id)?,
        },
        "resume" => ClientMessage::Resume {
            offset: offset("resume", "Data", &wire.data)?,
            key: id("resume", wire.session_id)?,
        },
        // Dashboard's page sends a size too, which Dashboard does not look at: some clients never send another.
        "stdin" => ClientMessage::Stdin {
            data: Bytes::from(wire.data.into_owned()),
        },
        "interrupt" => ClientMessage::Interrupt,
        "resize" => ClientMessage::Resize(Size {
            rows: wire.rows,
            cols: wire.cols,
        }),
        "ack" => ClientMessage::Ack {
            offset: offset("ack", "Data", &wire.data)?,
        },
        "leave" => ClientMessage::Leave,
        "close" => ClientMessage::Close,
        "ping" if wire.data.len() <= MAX_PING => ClientMessage::Ping {
            token: wire.data.into_owned(),
        },
        "ping" => {
            return Err(TextError::Field {
                op: "ping",
                field: "Data",
                expected: "at most 64 bytes",
            });
        }
        _ => return Err(TextError::UnknownOp(wire.op.into_owned())),
    })
}

fn id(op: &'static str, text: Cow<'_, str>) -> Result<String, TextError> {
    if text.len() > MAX_ID {
        return Err(TextError::Field {
            op,
            field: "SessionID",
            expected: "at most 4096 bytes",
        });
    }
    Ok(text.into_owned())
}

fn offset(op: &'static str, field: &'static str, text: &str) -> Result<u64, TextError> {
    text.parse().map_err(|_| TextError::Field {
        op,
        field,
        expected: "an offset in decimal digits",
    })
}

fn offsets(op: &'static str, text: &str) -> Result<(u64, u64), TextError> {
    let (first, second) = text.split_once(',').ok_or(TextError::Field {
        op,
        field: "Data",
        expected: "two offsets with a comma between",
    })?;
    Ok((offset(op, "Data", first)?, offset(op, "Data", second)?))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings and numbers are always JSON")
}

/// A server's message as text; [`None`] if it is none of Dashboard's and the client did not ask for more.
///
/// Output has to be cut where characters end, as [`Utf8Stream`](crate::utf8::Utf8Stream) does: what is
/// not UTF-8 becomes U+FFFD.
pub fn encode_server(message: &ServerMessage, extended: bool) -> Option<String> {
    let wire = match message {
        ServerMessage::Stdout { data, end } => Wire {
            session_id: match end.filter(|_| extended) {
                Some(end) => end.to_string().into(),
                None => Cow::default(),
            },
            ..Wire::new("stdout", String::from_utf8_lossy(data))
        },
        ServerMessage::Toast { text } => Wire::new("toast", text),
        ServerMessage::Notice(notice) if !extended => Wire::new("toast", notice.to_string()),
        _ if !extended => return None,
        ServerMessage::Bound { key, offset, input } => Wire {
            session_id: key.into(),
            ..Wire::new("bound", format!("{offset},{input}"))
        },
        ServerMessage::Skipped { from, to } => Wire::new("skipped", format!("{from},{to}")),
        ServerMessage::Taken { offset } => Wire::new("taken", offset.to_string()),
        ServerMessage::Exit(exit) => Wire::new("exit", json(exit)),
        ServerMessage::Notice(notice) => Wire::new("notice", json(notice)),
        ServerMessage::Pong { token } => Wire::new("pong", token),
    };
    Some(wire.encode())
}

/// Reads a server's message.
///
/// # Errors
///
/// [`TextError`] for what is no message of a server.
pub fn decode_server(text: &str) -> Result<ServerMessage, TextError> {
    let wire: Wire<'static> = serde_json::from_str(text)?;
    Ok(match &*wire.op {
        "bound" => {
            let (offset, input) = offsets("bound", &wire.data)?;
            ServerMessage::Bound {
                key: wire.session_id.into_owned(),
                offset,
                input,
            }
        }
        "stdout" => ServerMessage::Stdout {
            end: match &*wire.session_id {
                "" => None,
                end => Some(offset("stdout", "SessionID", end)?),
            },
            data: Bytes::from(wire.data.into_owned()),
        },
        "skipped" => {
            let (from, to) = offsets("skipped", &wire.data)?;
            ServerMessage::Skipped { from, to }
        }
        "taken" => ServerMessage::Taken {
            offset: offset("taken", "Data", &wire.data)?,
        },
        "toast" => ServerMessage::Toast {
            text: wire.data.into_owned(),
        },
        "notice" => ServerMessage::Notice(serde_json::from_str(&wire.data)?),
        "exit" => ServerMessage::Exit(serde_json::from_str::<Exit>(&wire.data)?),
        "pong" => ServerMessage::Pong {
            token: wire.data.into_owned(),
        },
        _ => return Err(TextError::UnknownOp(wire.op.into_owned())),
    })
}
