//! Makes pasted text safe to hand to a program.

/// The text to paste: escape characters are taken out. An `ESC[201~` would end the bracket that tells a shell what is
/// pasted, and what follows would count as typed; outside a bracket, escapes are keys that nobody pressed.
pub fn pasteable(text: &str) -> String {
    text.replace(['\x1b', '\u{9b}'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pasted_text_ends_its_bracket() {
        let nasty = "a\x1b[201~rm -rf ~\r\x1b[2\x1b[201~01~\u{9b}201~b\tc\n";
        assert_eq!(pasteable(nasty), "a[201~rm -rf ~\r[2[201~01~201~b\tc\n");
    }
}
