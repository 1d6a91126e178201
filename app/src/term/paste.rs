//! Makes pasted text safe to hand to a program that was promised brackets around it.

/// The text to paste. Where the program asked for bracketed paste, escape characters are taken out: an `ESC[201~`
/// in the text would end the bracket, and what follows would be typed as if by hand.
pub fn pasteable(text: &str, bracketed: bool) -> String {
    if bracketed {
        text.replace(['\x1b', '\u{9b}'], "")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pasted_text_ends_its_bracket() {
        let nasty = "a\x1b[201~rm -rf ~\r\x1b[2\x1b[201~01~\u{9b}201~b\tc\n";
        assert_eq!(pasteable(nasty, true), "a[201~rm -rf ~\r[2[201~01~201~b\tc\n");
        assert_eq!(pasteable(nasty, false), nasty);
    }
}
