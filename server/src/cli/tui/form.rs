//! The form of a new session: a name and a command, and what a command line means.

use super::keys::Key;

/// Longest text of a field.
const MAX_FIELD_CHARS: usize = 4096;
/// What a shell would make something of.
const SHELL_SIGNS: &str = "|&;<>()$`\\\"'*?[]#~=%!{}\n";

/// A line of text that is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    text: String,
}

impl Field {
    /// What was typed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Takes a key; whether it is one that writes.
    pub(super) fn take(&mut self, key: &Key) -> bool {
        match key {
            Key::Char(c) => self.extend(&c.to_string()),
            Key::Paste(text) => self.extend(text),
            Key::Backspace => drop(self.text.pop()),
            Key::Ctrl('u') => self.text.clear(),
            _ => return false,
        }
        true
    }

    fn extend(&mut self, text: &str) {
        let room = MAX_FIELD_CHARS.saturating_sub(self.text.chars().count());
        self.text.extend(text.chars().take(room));
    }
}

/// The form, as far as it is filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) name: Field,
    pub(super) command: Field,
    /// The second field is typed in.
    pub(super) in_command: bool,
}

impl Form {
    /// Takes a key that neither sends nor leaves the form.
    pub(super) fn take(&mut self, key: &Key) {
        match key {
            Key::Tab | Key::BackTab | Key::Up | Key::Down => self.in_command = !self.in_command,
            key => drop(self.field().take(key)),
        }
    }

    fn field(&mut self) -> &mut Field {
        match self.in_command {
            true => &mut self.command,
            false => &mut self.name,
        }
    }
}

/// Program and arguments of a command line: a plain one is started as it is, one with signs of the shell by `sh`.
/// Nothing: the shell of the server.
pub(super) fn command_of(line: &str) -> Vec<String> {
    let line = line.trim();
    if line.contains(|c| SHELL_SIGNS.contains(c)) {
        return ["sh", "-c", line].map(str::to_owned).to_vec();
    }
    line.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_started_as_it_is_unless_a_shell_is_meant() {
        assert!(command_of("  ").is_empty());
        assert_eq!(command_of(" htop  -d 5 "), ["htop", "-d", "5"]);
        for line in [
            "make && make test",
            "echo $HOME",
            "A=1 cat",
            "ls *.rs",
            "echo 'a b'",
        ] {
            assert_eq!(command_of(line), ["sh", "-c", line]);
        }
    }

    #[test]
    fn fields_are_typed_in_one_after_the_other() {
        let mut form = Form::default();
        for key in [
            Key::Char('a'),
            Key::Char('b'),
            Key::Backspace,
            Key::Tab,
            Key::Paste("x y".into()),
            Key::Escape,
        ] {
            form.take(&key);
        }
        assert_eq!((form.name.text(), form.command.text()), ("a", "x y"));
        form.take(&Key::Ctrl('u'));
        form.take(&Key::Paste("a".repeat(2 * MAX_FIELD_CHARS)));
        assert_eq!(form.command.text().len(), MAX_FIELD_CHARS);
    }
}
