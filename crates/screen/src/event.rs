//! What output does besides drawing: answers it wants, and news for whoever watches.

use sempre_protocol::Offset;

/// Longest name a shell gives itself, bytes; one with a longer name says nothing.
const MAX_AID_BYTES: usize = 64;

/// Something the output asked for or told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Journal offset of the last byte of the sequence.
    pub offset: Offset,
    /// What.
    pub kind: EventKind,
}

/// Kinds of [`Event`]. Texts are plain, without control characters, and cut at named lengths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A query was asked; these bytes answer it. They never hold text that the program chose.
    Reply(Vec<u8>),
    /// The window title is now this (OSC 0, 2).
    Title(String),
    /// The shell stands in this directory (OSC 7), an absolute path.
    Cwd(String),
    /// The bell rang.
    Bell,
    /// The program wants the user told (OSC 9, 777).
    Notify(String),
    /// Progress in per cent (OSC 9;4); none: busy without a known end, or over.
    Progress(Option<u8>),
    /// The shell told where it is (OSC 133).
    Shell(ShellMark),
}

/// Where a shell is between its prompt and the end of a command (OSC 133, the semantic prompts of FinalTerm).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellMark {
    /// Where.
    pub stage: ShellStage,
    /// Which shell says so (`aid=`); none: it does not tell.
    pub aid: Option<String>,
}

/// Stages of a shell's round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellStage {
    /// `A`: the prompt begins.
    Prompt,
    /// `B`: the prompt ended, what follows is typed.
    Input,
    /// `C`: a command was taken, what follows is its output.
    Command,
    /// `D`: it ended, with this code if the shell tells.
    End(Option<i32>),
}

impl ShellMark {
    /// Reads what follows `133;` in the sequence; none if it says nothing of a stage.
    pub fn read(data: &str) -> Option<Self> {
        let mut parts = data.split(';');
        let stage = match parts.next()? {
            "A" => ShellStage::Prompt,
            "B" => ShellStage::Input,
            "C" => ShellStage::Command,
            "D" => ShellStage::End(None),
            _ => return None,
        };
        let mut mark = Self { stage, aid: None };
        for part in parts {
            match (part.strip_prefix("aid="), &mut mark.stage) {
                (Some(aid), _) if aid.len() <= MAX_AID_BYTES => mark.aid = Some(aid.to_owned()),
                (Some(_), _) => return None,
                (None, ShellStage::End(code @ None)) => *code = part.parse().ok(),
                (None, _) => {}
            }
        }
        Some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_tells_where_it_is() {
        let mark = |stage, aid: Option<&str>| {
            let aid = aid.map(str::to_owned);
            Some(ShellMark { stage, aid })
        };
        assert_eq!(ShellMark::read("A"), mark(ShellStage::Prompt, None));
        assert_eq!(
            ShellMark::read("A;click_events=1;aid=x1"),
            mark(ShellStage::Prompt, Some("x1"))
        );
        assert_eq!(ShellMark::read("B;aid="), mark(ShellStage::Input, Some("")));
        assert_eq!(
            ShellMark::read("C;cmdline_url=ls%3b"),
            mark(ShellStage::Command, None)
        );
        assert_eq!(
            ShellMark::read("D;-1;aid=a"),
            mark(ShellStage::End(Some(-1)), Some("a"))
        );
        assert_eq!(
            ShellMark::read("D;aid=a;7"),
            mark(ShellStage::End(Some(7)), Some("a"))
        );
        assert_eq!(ShellMark::read("D"), mark(ShellStage::End(None), None));
        for other in ["", "P;k=s", "AB", "L", &format!("A;aid={}", "x".repeat(65))] {
            assert_eq!(ShellMark::read(other), None, "{other}");
        }
    }
}
