//! What has to hold of everything that Podshell reads from strangers: nothing panics, and what was understood means the
//! same when it is said again.
//!
//! Each function is a fuzz target of its name (`cargo xtask fuzz`), and is called with its corpus in the tests.

#![forbid(unsafe_code)]

use std::{str, sync::LazyLock, time::SystemTime};

use bytes::Bytes;
use podshell::session::{Caller, Mode, Refused, Scope, Target, TicketKeys, Tickets};
use podshell_shared::{binary, text};
use sockjs::frame::{self, Frame};

/// A target: its name, and what it does with any bytes.
pub type Check = (&'static str, fn(&[u8]));

/// All targets.
pub const CHECKS: [Check; 4] = [
    ("frame", frame),
    ("text", text),
    ("binary", binary),
    ("ticket", ticket),
];

/// SockJS frames and the batches of clients.
///
/// # Panics
///
/// If what was read is not read again from what it is written as.
pub fn frame(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(frame) = Frame::decode(text) {
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }
    if let Ok(messages) = frame::decode_batch(text) {
        let mut batch = String::new();
        frame::encode_batch(&mut batch, &messages);
        assert_eq!(frame::decode_batch(&batch), Ok(messages));
    }
}

/// The terminal's messages as text, of both sides.
///
/// # Panics
///
/// If what was read is not read again from what it is written as.
pub fn text(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(message) = text::decode_client(text) {
        let again = text::decode_client(&text::encode_client(&message));
        assert_eq!(again.ok(), Some(message));
    }
    if let Ok(message) = text::decode_server(text) {
        let again = text::encode_server(&message, true).map(|text| text::decode_server(&text).ok());
        assert_eq!(again, Some(Some(message)));
    }
}

/// The terminal's messages as bytes, of both sides.
///
/// # Panics
///
/// If what was read is not read again from what it is written as.
pub fn binary(data: &[u8]) {
    let data = Bytes::copy_from_slice(data);
    if let Ok(message) = binary::decode_client(data.clone()) {
        let again = binary::decode_client(binary::encode_client(&message).into());
        assert_eq!(again.ok(), Some(message));
    }
    if let Ok(message) = binary::decode_server(data) {
        let again = binary::decode_server(binary::encode_server(&message));
        assert_eq!(again.ok(), Some(message));
    }
}

/// Ids that somebody made up, ids with some letters changed (by pairs of place and change), and key files.
///
/// # Panics
///
/// If an id is taken that was not minted, or not as it was minted.
pub fn ticket(data: &[u8]) {
    static TICKETS: LazyLock<Tickets> =
        LazyLock::new(|| Tickets::new(TicketKeys::random(), Scope::new(["fuzz"])));
    let caller = Caller("somebody".to_owned());
    let now = SystemTime::now();
    if let Ok(text) = str::from_utf8(data) {
        assert_eq!(TICKETS.redeem(&caller, text, now), Err(Refused::Unknown));
        assert_eq!(TICKETS.caller(text, now), None);
        let _ = text.parse::<TicketKeys>();
    }
    let target = Target {
        namespace: "default".to_owned(),
        pod: "web-0".to_owned(),
        container: "app".to_owned(),
        shell: None,
        mode: Mode::Exec,
        windows: false,
        image: String::new(),
    };
    let minted = TICKETS.mint(&caller, &target, now);
    let mut changed = minted.clone().into_bytes();
    for change in data.chunks_exact(2) {
        let place = usize::from(change[0]) % changed.len();
        // any of ASCII, and mostly of base64
        changed[place] = change[1] & 0x7f;
    }
    let Ok(changed) = String::from_utf8(changed) else {
        return;
    };
    let good = TICKETS.caller(&changed, now).is_some();
    let taken = TICKETS.redeem(&caller, &changed, now);
    assert_eq!(good, taken.is_ok());
    assert_eq!(TICKETS.caller(&changed, now), None);
    if changed == minted {
        assert_eq!(taken, Ok(target));
    } else {
        assert_eq!(taken, Err(Refused::Unknown));
    }
}
