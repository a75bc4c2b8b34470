//! The encodings: the examples of `docs/protocol.md`, round trips, and what must be refused.

use bytes::Bytes;
use podshell_shared::{
    binary,
    close::{Carrier, Outcome, reason},
    multiplex::{put, split},
    terminal::{ClientMessage, EndReason, Exit, MAX_ID, Notice, ServerMessage, Size},
    text::{TextError, decode_client, decode_server, encode_client, encode_server},
};
use proptest::prelude::*;

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// The lines of all code blocks with this mark.
fn examples(mark: &str) -> Vec<&'static str> {
    let begin = format!("```{mark}\n");
    let blocks = DOCUMENT.split(begin.as_str()).skip(1);
    let examples: Vec<_> = blocks
        .filter_map(|rest| rest.split("```").next())
        .flat_map(str::lines)
        .collect();
    assert!(examples.len() > 5, "the document has its examples");
    examples
}

#[test]
fn the_documents_client_messages_are_true() {
    for example in examples("client") {
        let message = decode_client(example).unwrap();
        assert_eq!(encode_client(&message), example);
    }
}

#[test]
fn the_documents_server_messages_are_true() {
    for example in examples("server") {
        let message = decode_server(example).unwrap();
        let encoded = encode_server(&message, true);
        assert_eq!(encoded.as_deref(), Some(example));
    }
}

#[test]
fn the_documents_texts_of_channels_are_true() {
    for example in examples("channels") {
        let (channel, text) = split(example).unwrap();
        assert_eq!(put(channel, text), example);
        let is_over = text.is_empty() || text.starts_with("c[");
        let is_message = decode_client(text).is_ok() || decode_server(text).is_ok();
        assert!(is_over || is_message, "{example}");
    }
}

/// The pairs of bytes and text of all code blocks with this mark.
fn byte_examples(mark: &str) -> Vec<(Bytes, &'static str)> {
    let pair = |line: &'static str| {
        let (bytes, text) = line.split_once(" = ").expect("bytes = text");
        let byte = |hex| u8::from_str_radix(hex, 16).expect("two digits");
        (bytes.split(' ').map(byte).collect(), text)
    };
    examples(mark).into_iter().map(pair).collect()
}

#[test]
fn the_documents_client_bytes_are_true() {
    for (bytes, text) in byte_examples("client-bytes") {
        let message = decode_client(text).unwrap();
        assert_eq!(binary::decode_client(bytes.clone()).unwrap(), message);
        assert_eq!(binary::encode_client(&message), bytes);
    }
}

#[test]
fn the_documents_server_bytes_are_true() {
    for (bytes, text) in byte_examples("server-bytes") {
        let message = decode_server(text).unwrap();
        assert_eq!(binary::decode_server(bytes.clone()).unwrap(), message);
        assert_eq!(binary::encode_server(&message), bytes);
    }
}

#[test]
fn bytes_that_are_no_message() {
    for bytes in [
        &b""[..],
        b"\x01output",
        b"\xff",
        b"\x04\x00\x18\x00",
        b"\x04\x00\x18\x00\x50\x00",
        b"\x05\xff",
        b"\x06\x00",
        b"\x07\x00",
        b"\x08\x00",
        b"\x0a\x00",
        b"\x0b\x00",
        &[&[binary::PING][..], &[b'x'; 65]].concat(),
        &[&[binary::BIND][..], &[b'x'; MAX_ID + 1]].concat(),
        &[&[binary::RESUME][..], &[0; 8], &[b'x'; MAX_ID + 1]].concat(),
    ] {
        let refused = binary::decode_client(Bytes::copy_from_slice(bytes));
        let (begin, length) = (bytes.first_chunk::<8>(), bytes.len());
        assert!(refused.is_err(), "{begin:?}, {length} bytes");
    }
    for bytes in [
        &b""[..],
        b"\x00input",
        b"\x05",
        b"\x08\x00",
        b"\x0b{",
        b"\x0c\xff",
    ] {
        let refused = binary::decode_server(Bytes::copy_from_slice(bytes));
        assert!(refused.is_err(), "{bytes:?}: {refused:?}");
    }
}

#[test]
fn the_document_names_every_reason() {
    for reason in EndReason::ALL {
        let name = serde_json::to_string(&reason).unwrap();
        let row = format!("| `{}` |", name.trim_matches('"'));
        assert!(DOCUMENT.contains(&row), "{row}");
    }
}

#[test]
fn keys_in_any_case_and_order() {
    let message = decode_client(r#"{"COLS":80,"x":{"Op":1},"rOwS":24,"op":"resize","data":null}"#);
    let size = Size { rows: 24, cols: 80 };
    assert_eq!(message.unwrap(), ClientMessage::Resize(size));
}

#[test]
fn a_missing_key_is_empty() {
    let message = decode_client(r#"{"Op":"bind"}"#).unwrap();
    let id = String::new();
    let extended = false;
    assert_eq!(message, ClientMessage::Bind { id, extended });
}

#[test]
fn what_is_no_message() {
    for text in [
        "",
        "null",
        "[]",
        r#""bind""#,
        r#"{"Op":"resize","Rows":65536}"#,
        r#"{"Op":"resize","Rows":-1}"#,
        r#"{"Op":"resize","Rows":1.5}"#,
        r#"{"Op":"resize","Rows":"24"}"#,
        r#"{"Op":"stdin","Data":7}"#,
        r#"{"Op":"stdin"} {"#,
    ] {
        let refused = decode_client(text).unwrap_err();
        assert!(matches!(refused, TextError::Json(_)), "{text}: {refused}");
    }
    for text in ["{}", r#"{"Op":"Bind"}"#, r#"{"Op":"stdout"}"#] {
        let refused = decode_client(text).unwrap_err();
        assert!(
            matches!(refused, TextError::UnknownOp(_)),
            "{text}: {refused}"
        );
    }
    let long = format!(r#"{{"Op":"ping","Data":"{}"}}"#, "x".repeat(65));
    let id = "x".repeat(MAX_ID + 1);
    let bind = format!(r#"{{"Op":"bind","SessionID":"{id}"}}"#);
    let resume = format!(r#"{{"Op":"resume","Data":"0","SessionID":"{id}"}}"#);
    for text in [
        &long,
        &bind,
        &resume,
        r#"{"Op":"ack","Data":""}"#,
        r#"{"Op":"ack","Data":"-1"}"#,
    ] {
        let refused = decode_client(text).unwrap_err();
        assert!(
            matches!(refused, TextError::Field { .. }),
            "{text}: {refused}"
        );
    }
}

#[test]
fn dashboards_clients_see_dashboards_messages_alone() {
    let exit = Exit {
        reason: EndReason::Exited,
        code: Some(0),
        message: String::new(),
        detail: None,
    };
    let token = String::new();
    for message in [
        ServerMessage::Bound {
            key: String::new(),
            offset: 0,
            input: 0,
        },
        ServerMessage::Taken { offset: 0 },
        ServerMessage::Skipped { from: 0, to: 1 },
        ServerMessage::Exit(exit),
        ServerMessage::Pong { token },
    ] {
        assert_eq!(encode_server(&message, false), None);
    }
    let data = Bytes::from_static(b"$ ");
    let encoded = encode_server(&ServerMessage::Stdout { data, end: Some(2) }, false);
    let expected = r#"{"Op":"stdout","Data":"$ ","SessionID":"","Rows":0,"Cols":0}"#;
    assert_eq!(encoded.as_deref(), Some(expected));
}

#[test]
fn each_end_has_one_code_in_each_encoding() {
    for of in EndReason::ALL {
        for code in [None, Some(0), Some(137)] {
            let exit = Exit {
                reason: of,
                code,
                message: "Why.".to_owned(),
                detail: None,
            };
            let outcome = Outcome::of(&exit);
            let codes = Carrier::ALL.map(|carrier| outcome.code(carrier));
            // Whether there is an exit code makes no difference.
            let expected = if of == EndReason::Exited {
                ([1, 4001], "Process exited")
            } else {
                ([2, 4002], "Why.")
            };
            assert_eq!((codes, reason(&exit)), expected, "{exit:?}");
            for (carrier, code) in Carrier::ALL.into_iter().zip(codes) {
                assert_eq!(Outcome::from_code(code, carrier), Some(outcome));
            }
        }
    }
}

#[test]
fn codes_of_the_carriers_themselves_say_nothing_of_the_session() {
    for code in [0, 3, 1000, 1006, 1009, 2010, 3000, 4001, 4002] {
        assert_eq!(Outcome::from_code(code, Carrier::SockJs), None, "{code}");
    }
    for code in [0, 1, 2, 1000, 1006, 1009, 4000, 4003] {
        assert_eq!(Outcome::from_code(code, Carrier::WebSocket), None, "{code}");
    }
}

#[test]
fn the_document_names_the_close_codes() {
    let (_, end) = DOCUMENT.split_once("## The end").unwrap();
    for outcome in Outcome::ALL {
        for carrier in Carrier::ALL {
            let code = outcome.code(carrier).to_string();
            let names = |line: &str| line.starts_with('|') && line.contains(&code);
            assert!(end.lines().any(names), "{code}");
        }
    }
}

#[test]
fn a_size_beside_input_is_read_and_dropped() {
    let said = |rest: &str| decode_client(&format!(r#"{{"Op":"stdin","Data":"x",{rest}}}"#));
    let data = "x".into();
    assert_eq!(
        said(r#""Rows":24,"Cols":80"#).unwrap(),
        ClientMessage::Stdin { data }
    );
    assert!(said(r#""Rows":70000,"Cols":80"#).is_err());
}

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let size = any::<(u16, u16)>().prop_map(|(rows, cols)| Size { rows, cols });
    prop_oneof![
        (text(), any::<bool>()).prop_map(|(id, extended)| ClientMessage::Bind { id, extended }),
        text().prop_map(|data| ClientMessage::Stdin { data: data.into() }),
        (text(), any::<u64>()).prop_map(|(key, offset)| ClientMessage::Resume { key, offset }),
        Just(ClientMessage::Interrupt),
        Just(ClientMessage::Leave),
        size.prop_map(ClientMessage::Resize),
        any::<u64>().prop_map(|offset| ClientMessage::Ack { offset }),
        Just(ClientMessage::Close),
        "\\PC{0,16}".prop_map(|token| ClientMessage::Ping { token }),
    ]
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let exit = (
        proptest::sample::select(&EndReason::ALL[..]),
        any::<Option<i32>>(),
        text(),
    );
    prop_oneof![
        (text(), any::<(u64, u64)>()).prop_map(|(key, (offset, input))| ServerMessage::Bound {
            key,
            offset,
            input
        }),
        any::<u64>().prop_map(|offset| ServerMessage::Taken { offset }),
        ("\\PC+", any::<Option<u64>>()).prop_map(|(data, end)| ServerMessage::Stdout {
            data: data.into(),
            end
        }),
        any::<(u64, u64)>().prop_map(|(from, to)| ServerMessage::Skipped { from, to }),
        text().prop_map(|text| ServerMessage::Toast { text }),
        Just(ServerMessage::Notice(Notice::MainProcess)),
        any::<u64>().prop_map(|seconds| ServerMessage::Notice(Notice::IdleSoon { seconds })),
        any::<u64>().prop_map(|seconds| ServerMessage::Notice(Notice::LifetimeSoon { seconds })),
        exit.prop_map(|(reason, code, message)| {
            ServerMessage::Exit(Exit {
                reason,
                code,
                message,
                detail: None,
            })
        }),
        text().prop_map(|token| ServerMessage::Pong { token }),
    ]
}

proptest! {
    #[test]
    fn client_messages_come_back(message in client_message()) {
        prop_assert_eq!(decode_client(&encode_client(&message)).unwrap(), message);
    }

    #[test]
    fn server_messages_come_back(message in server_message()) {
        let encoded = encode_server(&message, true).unwrap();
        prop_assert_eq!(decode_server(&encoded).unwrap(), message);
    }

    #[test]
    fn client_messages_come_back_in_binary(message in client_message()) {
        let decoded = binary::decode_client(binary::encode_client(&message).into()).unwrap();
        let expected = match message {
            ClientMessage::Bind { id, .. } => ClientMessage::Bind { id, extended: true },
            other => other,
        };
        prop_assert_eq!(decoded, expected);
    }

    #[test]
    fn server_messages_come_back_in_binary(message in server_message()) {
        let decoded = binary::decode_server(binary::encode_server(&message)).unwrap();
        let expected = match message {
            ServerMessage::Stdout { data, .. } => ServerMessage::Stdout { data, end: None },
            other => other,
        };
        prop_assert_eq!(decoded, expected);
    }

    #[test]
    fn noise_is_refused_or_read_but_never_a_panic(
        text in text(),
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let _ = decode_client(&text);
        let _ = decode_server(&text);
        let _ = binary::decode_client(bytes.clone().into());
        let _ = binary::decode_server(bytes.into());
    }
}
