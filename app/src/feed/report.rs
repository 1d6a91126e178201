//! Tells what the terminal reports by itself from what a person typed.
//!
//! xterm.js hands both out through one event. Mouse and focus reports, and answers to queries that should not have got
//! through, have forms that no key makes.

/// Whether `data` from the terminal is a report, not typing.
pub fn is_report(data: &str) -> bool {
    let Some(rest) = data.strip_prefix('\x1b') else {
        return false;
    };
    match rest.as_bytes() {
        // OSC and DCS answers. Alt+] and Alt+P are the two characters alone.
        [b']' | b'P', _, ..] => true,
        [b'[', b'I' | b'O'] => true,
        [b'[', b'M' | b'<' | b'>' | b'?' | b'=', _, ..] => true,
        [b'[', .., b'n' | b't' | b'c' | b'y'] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_told_from_keys() {
        let reports = [
            "\x1b[I",
            "\x1b[O",
            "\x1b[<0;10;5M",
            "\x1b[<35;1;1m",
            "\x1b[M !!",
            "\x1b[?1;2c",
            "\x1b[>0;276;0c",
            "\x1b[0n",
            "\x1b[8;24;80t",
            "\x1b[?2026;2$y",
            "\x1b]11;rgb:ffff/ffff/ffff\x1b\\",
            "\x1bP1$r0m\x1b\\",
        ];
        for report in reports {
            assert!(is_report(report), "{report:?}");
        }
        let keys = [
            "a",
            "\r",
            "\x1b",
            "\x1b[A",
            "\x1bOP",
            "\x1b[15~",
            "\x1b[1;5D",
            "\x1b[Z",
            "\x1b]",
            "\x1bP",
            "\x1bx",
            "\x1b[200~ls\x1b[201~",
            "\x1b[1;2P",
            "\x1b[H",
            // Shift+F3.
            "\x1b[1;2R",
            "\x1b[3~",
            "äöü",
        ];
        for key in keys {
            assert!(!is_report(key), "{key:?}");
        }
    }
}
