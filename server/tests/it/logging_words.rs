//! `docs/logging.md` against the sources (row K6): the rooms that log and the fields of their lines are those it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// What stands between the brackets of every line that is logged in `text`.
fn events(text: &str) -> Vec<&str> {
    let calls = LEVELS.map(|level| format!("tracing::{level}!("));
    let begins = calls.iter().flat_map(|call| text.match_indices(call.as_str()));
    let begins: Vec<_> = begins.map(|(at, call)| at + call.len()).collect();
    begins
        .into_iter()
        .map(|at| &text[at..at + closing(&text[at..])])
        .collect()
}

/// Where the bracket closes that is open at the beginning.
fn closing(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => return at,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    panic!("no end of {text}")
}

/// The fields of an event, which stand before its message.
fn fields(event: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut rest = event.trim_start();
    while !rest.is_empty() && !rest.starts_with('"') {
        let end = comma(rest);
        let part = rest[..end].trim();
        let name = part.split_once('=').map_or(part, |(name, _)| name);
        fields.push(name.trim().trim_start_matches(['%', '?']).to_owned());
        rest = rest[end..].trim_start_matches(',').trim_start();
    }
    fields
}

/// Where the first comma stands that is in no bracket.
fn comma(text: &str) -> usize {
    let (mut depth, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Rooms and fields of the sources.
fn used() -> (BTreeSet<String>, BTreeSet<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut rooms, mut used) = (BTreeSet::new(), BTreeSet::new());
    for path in sources(&root) {
        let text = fs::read_to_string(&path).unwrap();
        let events = events(&text);
        let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
        let room = Path::new(first.as_os_str()).with_extension("");
        if !events.is_empty() {
            rooms.insert(room.to_str().unwrap().to_owned());
        }
        used.extend(events.iter().flat_map(|event| fields(event)));
    }
    (rooms, used)
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/logging.md");
    fs::read_to_string(path).unwrap()
}

#[test]
fn k6_the_page_names_the_rooms_that_log_and_no_others() {
    let page = page();
    let named = page.split_once("Rooms: ").unwrap().1.split_once('.').unwrap().0;
    let named: BTreeSet<_> = named.split(", ").map(str::to_owned).collect();
    let (rooms, _) = used();
    assert_eq!(named, rooms);
    let known = sempre_server::log::ROOMS.map(str::to_owned);
    assert_eq!(BTreeSet::from(known), rooms, "levels can be set of these");
}

#[test]
fn k6_the_page_names_the_fields_of_the_lines_and_no_others() {
    let page = page();
    let table = page.split_once("## Fields").unwrap().1;
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.split(" | ").next().unwrap());
    let named: BTreeSet<_> = cells
        .flat_map(|cell| cell.split(", "))
        .map(|name| name.trim_matches(['`', ' ']).to_owned())
        .collect();
    assert_eq!(named, used().1);
}

#[test]
fn the_fields_of_an_event_are_found() {
    let text =
        "tracing::warn!(\n  %error, path = %x.display(), n = f(a, b),\n \"it (failed), {error:#}\"\n); x()";
    let [event] = events(text)[..] else {
        panic!("one event")
    };
    assert_eq!(fields(event), ["error", "path", "n"]);
}
