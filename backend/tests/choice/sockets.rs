//! The sockets at which a process can be spoken to by others, as Linux tells.

use std::{collections::HashSet, fs};

/// The state of a TCP socket that listens, in hexadecimal.
const LISTENING: &str = "0A";
/// The flag of a Unix socket that listens.
const ACCEPTS: u32 = 1 << 16;

/// Each by the file that tells of it and its address there.
pub fn open_to_others(process: u32) -> Vec<String> {
    let own = inodes(process);
    let mut all = Vec::new();
    // UDP has no listening: whatever is bound hears all.
    for (table, state) in [
        ("tcp", Some(LISTENING)),
        ("tcp6", Some(LISTENING)),
        ("udp", None),
        ("udp6", None),
    ] {
        for row in rows(process, table) {
            let [_, address, _, its_state, .., inode] = &row[..10] else {
                unreachable!("it has ten words");
            };
            if state.is_none_or(|state| state == its_state) && own.contains(inode) {
                all.push(format!("{table} {address}"));
            }
        }
    }
    for row in rows(process, "unix") {
        let flags = u32::from_str_radix(&row[3], 16).unwrap();
        if flags & ACCEPTS != 0 && own.contains(&row[6]) {
            all.push(format!("unix {row:?}"));
        }
    }
    all
}

/// The port of a TCP socket's line.
pub fn port(socket: &str) -> u16 {
    let (_, port) = socket.rsplit_once(':').unwrap();
    u16::from_str_radix(port, 16).unwrap()
}

/// The sockets that the process has, open to others or not.
fn inodes(process: u32) -> HashSet<String> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    let sockets = links.filter_map(|link| {
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        Some(inode.to_owned())
    });
    sockets.collect()
}

/// The rows of a table of the process's network, each in words.
fn rows(process: u32, table: &str) -> Vec<Vec<String>> {
    // Without IPv6 there are no tables for it.
    let text = fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    text.lines().skip(1).map(words).collect()
}
