//! What holds of the source as text: who may name what, that no rooms use each other in a circle, and that each file says
//! its job.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The project's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the project")
}

/// All files below a folder of the project with one of these endings, by their path from the root.
fn files(folder: &str, endings: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")) {
            let path: PathBuf = entry.expect("a readable folder").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !["node_modules", "target", "test-results", "dist"].contains(&&*name) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).expect("source is text");
                let path = path.strip_prefix(root()).expect("below the root");
                found.insert(path.to_string_lossy().into_owned(), text);
            }
        }
    }
    found
}

/// Whether all of a file is tests.
fn is_test(path: &str) -> bool {
    path.contains("/tests") || path.ends_with("_tests.rs")
}

/// Source without comments and tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = code.unwrap_or_default().lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Asserts that of all source below `folder` those files alone name `word` whose path begins so. Tests may name anything.
fn only(allowed: &[&str], folder: &str, word: &str) {
    for (path, text) in files(folder, &[".rs"]) {
        if is_test(&path) || allowed.iter().any(|start| path.starts_with(start)) {
            continue;
        }
        let code = code(&text);
        let line = code.lines().find(|line| names(line, word));
        assert_eq!(line, None, "{path} may not name {word}");
    }
}

/// Whether a line has this word, and not as the end of a longer one.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || before == '_')
    })
}

#[test]
fn only_cluster_names_kubernetes() {
    for word in ["kube::", "k8s_openapi::"] {
        only(&["backend/src/cluster"], "backend/src", word);
    }
}

#[test]
fn sessions_know_neither_who_asks_nor_what_runs_them() {
    let others = [
        "axum::",
        "sockjs::",
        "kube::",
        "crate::cluster",
        "crate::wire",
        "crate::app",
    ];
    for word in others {
        only(&[], "backend/src/session", word);
    }
}

#[test]
fn only_wire_and_the_client_name_encodings() {
    // A frame of output goes through a session as it came, with its first byte.
    let server = ["backend/src/wire", "backend/src/session/frame.rs"];
    for word in ["binary::", "encode_server", "decode_client"] {
        only(&server, "backend/src", word);
    }
    for word in ["binary::", "encode_client", "decode_server"] {
        only(&["client/src/codec.rs"], "client/src", word);
        // Output goes from the socket to the screen without a copy: that it is output, its first byte tells.
        only(&["frontend/src/net/web_socket.rs"], "frontend/src", word);
    }
}

#[test]
fn what_both_sides_share_does_nothing_by_itself() {
    let effects = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "tokio::",
    ];
    let clocks = [
        "Instant::now",
        "SystemTime::now",
        "web_sys::",
        "js_sys::",
        "leptos::",
    ];
    for word in [&effects[..], &clocks].concat() {
        for folder in ["shared/src", "client/src"] {
            only(&[], folder, word);
        }
    }
}

#[test]
fn sockjs_knows_no_terminals() {
    for word in ["podshell", "Terminal", "kube"] {
        only(&[], "sockjs/src", word);
    }
}

/// The rooms of a crate that each of them uses: a room is a file or a folder right below `src`.
fn uses(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let room_of = |path: &str| {
        let path = path.strip_prefix(folder).unwrap_or_default();
        let room = path.trim_start_matches('/').split('/').next();
        room.unwrap_or_default().trim_end_matches(".rs").to_owned()
    };
    let all = files(folder, &[".rs"]);
    let rooms: BTreeSet<String> = all.keys().map(|path| room_of(path)).collect();
    let mut uses = BTreeMap::<_, BTreeSet<_>>::new();
    for (path, text) in &all {
        if is_test(path) {
            continue;
        }
        let room = room_of(path);
        let used = named_after_crate(&code(text));
        let used = used
            .into_iter()
            .filter(|used| *used != room && rooms.contains(used));
        uses.entry(room.clone()).or_default().extend(used);
    }
    uses
}

/// What follows `crate::` somewhere, be it one name or a list in braces.
fn named_after_crate(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        let rest = &code[at + start.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            named.push(first_name(rest));
            continue;
        };
        let (mut depth, mut at_start) = (0, true);
        for (at, character) in list.char_indices() {
            match character {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                character if at_start && !character.is_whitespace() => {
                    named.push(first_name(&list[at..]));
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    named
}

fn first_name(text: &str) -> String {
    let is_name = |character: &char| character.is_alphanumeric() || *character == '_';
    text.chars().take_while(is_name).collect()
}

#[test]
fn lists_of_names_are_read() {
    let code = "use crate::{\n    a::{b, c::d},\n    e,\n};\ncrate::f::g();";
    assert_eq!(named_after_crate(code), ["a", "e", "f"]);
}

#[test]
fn no_rooms_use_each_other_in_a_circle() {
    for folder in ["backend/src", "frontend/src", "client/src"] {
        let mut uses = uses(folder);
        assert!(uses.len() > 5, "{folder}: {uses:?}");
        // Whoever uses none that is left is in no circle.
        while let Some(free) = uses.iter().find(|(_, used)| used.is_empty()) {
            let free = free.0.clone();
            uses.remove(&free);
            for used in uses.values_mut() {
                used.remove(&free);
            }
        }
        assert!(
            uses.is_empty(),
            "in {folder}, these are in a circle or use one: {uses:#?}"
        );
    }
}

#[test]
fn a_file_says_its_job_in_its_first_line() {
    let rust = [
        "backend",
        "client",
        "fake-cluster",
        "frontend",
        "fuzz",
        "shared",
        "sockjs",
        "xtask",
    ];
    let rust = rust.into_iter().flat_map(|folder| files(folder, &[".rs"]));
    for (path, text) in rust {
        assert!(text.starts_with("//! "), "{path}");
    }
    for (path, text) in files("e2e", &[".ts"]) {
        assert!(text.starts_with("// "), "{path}");
    }
    for (path, text) in files("frontend", &[".js", ".mjs"]) {
        assert!(text.starts_with("// "), "{path}");
    }
}

/// What a merge that went wrong leaves is text to everybody else.
#[test]
fn no_merge_has_left_its_marks() {
    let endings = [
        ".rs", ".md", ".ts", ".js", ".mjs", ".css", ".html", ".toml", ".yaml", ".yml", ".json",
        ".sh",
    ];
    let mark = |line: &&str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    for (path, text) in files("", &endings) {
        assert_eq!(text.lines().find(mark), None, "{path}");
    }
}

/// The walk through the rooms links each of its steps to a line: there stands what the link says.
#[test]
fn the_walk_leads_to_lines_that_are_there() {
    let walk = fs::read_to_string(root().join("docs/walk.md")).expect("docs/walk.md");
    let mut wrong = Vec::new();
    let mut steps = 0;
    let parts: Vec<_> = walk.split("](../").collect();
    for pair in parts.windows(2) {
        let said = pair[0]
            .rsplit('[')
            .next()
            .unwrap_or_default()
            .trim_matches('`');
        let target = pair[1].split(')').next().unwrap_or_default();
        let (path, line) = target.split_once("#L").unwrap_or((target, "1"));
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        let line: usize = line.parse().unwrap_or_default();
        let is_there = |(_, text): &(usize, &str)| text.contains(said);
        let there: Vec<_> = (1..)
            .zip(text.lines())
            .filter(is_there)
            .map(|(line, _)| line)
            .collect();
        if target.contains("#L") && !there.contains(&line) {
            wrong.push(format!("{said} is not at {target}, but at lines {there:?}"));
        }
        assert!(!text.is_empty(), "{target}");
        steps += 1;
    }
    assert!(wrong.is_empty(), "docs/walk.md: {wrong:#?}");
    assert!(steps > 20, "{steps} steps");
}
