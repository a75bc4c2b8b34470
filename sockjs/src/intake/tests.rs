//! Frames through an intake, in whatever they are cut.

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    time::{Instant, sleep},
};

use super::*;
use crate::{progress::STRETCH, room::Rooms};

const WAIT: Duration = Duration::from_secs(50);
const LONGEST: usize = 4 << 20;
const TEXT: Data = Data::Text;

fn intake(io: DuplexStream, rooms: &Rooms) -> (Intake<DuplexStream>, Taken) {
    let taken = Taken::default();
    let limits = Limits {
        longest: LONGEST,
        wait: WAIT,
    };
    let (liveness, pace) = (Arc::new(Liveness::new()), Arc::default());
    let intake = Intake::new(
        io,
        limits,
        rooms.share(LONGEST),
        taken.clone(),
        liveness,
        pace,
    );
    (intake, taken)
}

fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let header = FrameHeader {
        is_final,
        opcode,
        mask: Some([1, 2, 3, 4]),
        ..FrameHeader::default()
    };
    let mut frame = Vec::new();
    header.format(payload.len() as u64, &mut frame).unwrap();
    frame.extend_from_slice(payload);
    frame
}

/// All frames in what was read: their kinds, whether they are final, their payloads as they came.
fn frames(mut data: &[u8]) -> Vec<(OpCode, bool, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Parsed::Header {
        header,
        payload,
        size,
    } = parse(data)
    {
        let end = size + usize::try_from(payload).unwrap();
        assert_eq!(header.mask, Some([1, 2, 3, 4]));
        frames.push((header.opcode, header.is_final, data[size..end].to_vec()));
        data = &data[end..];
    }
    assert!(data.is_empty());
    frames
}

/// The messages of frames, and the control frames between.
fn messages(frames: Vec<(OpCode, bool, Vec<u8>)>) -> Vec<(OpCode, Vec<u8>)> {
    let (mut messages, mut open) = (Vec::new(), None::<(OpCode, Vec<u8>)>);
    for (opcode, is_final, payload) in frames {
        match opcode {
            OpCode::Control(_) => messages.push((opcode, payload)),
            OpCode::Data(Data::Continue) => {
                open.as_mut().unwrap().1.extend(payload);
            }
            OpCode::Data(_) => assert!(open.replace((opcode, payload)).is_none()),
        }
        if is_final && matches!(opcode, OpCode::Data(_)) {
            messages.extend(open.take());
        }
    }
    messages
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// Writes all, and reads it in pieces of so many bytes.
async fn pass(data: Vec<u8>, piece: usize, rooms: &Rooms) -> Vec<u8> {
    let (io, mut client) = duplex(8192);
    let (mut intake, taken) = intake(io, rooms);
    let write = async move {
        client.write_all(&data).await.unwrap();
    };
    let read = async {
        let mut read = Vec::new();
        let mut buffer = vec![0; piece];
        loop {
            match intake.read(&mut buffer).await.unwrap() {
                0 => return read,
                count => read.extend_from_slice(&buffer[..count]),
            }
            drop(taken.take());
        }
    };
    tokio::join!(write, read).1
}

fn sent() -> impl Strategy<Value = (bool, bool, Vec<u8>)> {
    let length = prop_oneof![
        8 => 0..300_usize,
        2 => 65_530..65_545_usize,
        1 => 130_000..200_000_usize,
        1 => 1_040_000..1_060_000_usize,
    ];
    let payload = length.prop_map(|length| (0..length).map(|at| (at / 3) as u8).collect());
    (any::<bool>(), prop::bool::weighted(0.2), payload)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever comes in whatever pieces, the messages are the same, and no frame is long.
    #[test]
    fn messages_are_the_same(
        sent in prop::collection::vec(sent(), 1..8),
        piece in prop_oneof![14..40_usize, Just(4096)],
    ) {
        let (mut data, mut expected, mut open) = (Vec::new(), Vec::new(), None::<Vec<u8>>);
        for (is_final, is_ping, payload) in sent {
            let ping = OpCode::Control(tokio_tungstenite::tungstenite::protocol::frame::coding::Control::Ping);
            if is_ping {
                let payload = &payload[..payload.len().min(125)];
                data.extend(frame(ping, true, payload));
                expected.push((ping, payload.to_vec()));
                continue;
            }
            let kind = if open.is_some() { Data::Continue } else { TEXT };
            data.extend(frame(OpCode::Data(kind), is_final, &payload));
            open.get_or_insert_default().extend(payload);
            if is_final {
                expected.push((OpCode::Data(TEXT), open.take().unwrap_or_default()));
            }
        }
        let read = block_on(pass(data, piece, &Rooms::new(LONGEST)));
        let frames = frames(&read);
        prop_assert!(frames.iter().all(|(_, _, payload)| payload.len() as u64 <= PIECE));
        prop_assert!(messages(frames) == expected);
    }

    /// What is no WebSocket, or refused, is passed on as it is.
    #[test]
    fn noise_is_passed_on(data in prop::collection::vec(any::<u8>(), 0..200), piece in 14..40_usize) {
        // No frame that is begun is cut, as none is both regular and long.
        prop_assume!(!data.windows(2).any(|pair| matches!(pair[1] & 0x7f, 126 | 127)));
        prop_assert_eq!(&block_on(pass(data.clone(), piece, &Rooms::new(1))), &data);
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_message_waits_unread_for_room_and_not_for_ever() {
    let rooms = Rooms::new(2 << 20);
    let other = rooms.share(LONGEST).take(1 << 20, WAIT).await.unwrap();
    let long = frame(OpCode::Data(TEXT), true, &vec![0; 3 << 19]);
    let (io, mut client) = duplex(64);
    let (mut reading, taken) = intake(io, &rooms);
    let begun = Instant::now();
    client.write_all(&long[..14]).await.unwrap();
    let mut buffer = [0; 4096];
    let end = reading.read(&mut buffer).await.unwrap_err();
    assert_eq!((end.kind(), begun.elapsed()), (ErrorKind::TimedOut, WAIT));
    assert!(taken.take().is_none());

    // With room it is read, and has to be there in time.
    drop(other);
    let (io, mut client) = duplex(64);
    let (mut reading, taken) = intake(io, &rooms);
    let begun = Instant::now();
    client.write_all(&long[..14]).await.unwrap();
    assert_eq!(reading.read(&mut buffer).await.unwrap(), 14);
    let room = taken.take();
    assert!(room.is_some());
    let end = reading.read(&mut buffer).await.unwrap_err();
    assert_eq!((end.kind(), begun.elapsed()), (ErrorKind::TimedOut, WAIT));
}

#[tokio::test(start_paused = true)]
async fn a_long_message_may_come_slowly_but_not_trickle() {
    let rooms = Rooms::new(LONGEST);
    let long = frame(OpCode::Data(TEXT), true, &vec![0; LONGEST]);
    for (piece, is_taken) in [(STRETCH, true), (STRETCH / 2, false)] {
        let (io, mut client) = duplex(LONGEST);
        let (mut reading, taken) = intake(io, &rooms);
        let client = async {
            for piece in long.chunks(piece) {
                client.write_all(piece).await.unwrap();
                sleep(WAIT * 9 / 10).await;
            }
        };
        let read = async {
            let mut buffer = vec![0; 1 << 16];
            let (mut count, _room) = (0, taken.clone());
            loop {
                match reading.read(&mut buffer).await {
                    Ok(0) | Err(_) => return false,
                    Ok(more) => count += more,
                }
                // Each piece has a header of its own, no shorter than the one that is not there any more.
                if count >= long.len() {
                    return true;
                }
            }
        };
        let read = tokio::select! {
            () = async { client.await; std::future::pending().await } => false,
            read = read => read,
        };
        assert_eq!(read, is_taken);
        drop(taken.take());
    }
}
