//! A test that failed, in the lines one wants first: its name and what it said. The log has the rest.

/// Lines of what a test said that are shown with its name.
const SHOWN_LINES: usize = 4;

/// One test, and what it said when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) name: String,
    /// At most [`SHOWN_LINES`] lines.
    pub(super) words: String,
}

impl Failure {
    pub(super) fn new(name: &str, words: &str) -> Self {
        let lines = words.lines().map(str::trim_end).filter(|line| !line.is_empty());
        let own = lines.take_while(|line| !line.starts_with("stack backtrace:"));
        let shown: Vec<_> = own.take(SHOWN_LINES).collect();
        Self {
            name: name.to_owned(),
            words: shown.join("\n"),
        }
    }

    /// Its name, and below it what it said, indented.
    pub(super) fn print(&self) {
        println!("  {}", self.name);
        self.words.lines().for_each(|line| println!("      {line}"));
    }
}

/// The tests that failed by what libtest wrote. None where a program of tests died before its result: then there is
/// no telling which did not pass.
pub(super) fn of_libtest(output: &str) -> Option<Vec<Failure>> {
    let begins = |prefix: &str| output.lines().filter(|line| line.starts_with(prefix)).count();
    // `running 3 tests`; the result comes last.
    if begins("running ") != begins("test result: ") {
        return None;
    }
    let names = output
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    Some(names.map(|name| Failure::new(name, said(output, name))).collect())
}

/// What it printed, from where it panicked on.
fn said<'a>(output: &'a str, name: &str) -> &'a str {
    let heading = format!("---- {name} stdout ----\n");
    let Some((_, rest)) = output.split_once(&heading) else {
        return "";
    };
    let own = rest
        .find("\n---- ")
        .and_then(|end| rest.get(..end))
        .unwrap_or(rest);
    let own = own.split("\nfailures:\n").next().unwrap_or(own);
    own.find("panicked at ")
        .and_then(|start| own.get(start..))
        .unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "running 3 tests\ntest shed::roof ... FAILED\ntest shed::door ... FAILED\ntest shed::floor ... ok\n\n\
        failures:\n\n---- shed::roof stdout ----\nit rains\n\nthread 'shed::roof' (7) panicked at a.rs:3:5:\nassertion failed\n  left: 1\n \
        right: 2\nnote: more\nstack\n\n---- shed::door stdout ----\nthread 'shed::door' (8) panicked at b.rs:1:2:\nlocked\n\n\n\
        failures:\n    shed::door\n    shed::roof\n\ntest result: FAILED. 1 passed; 2 failed\n";

    #[test]
    fn failed_tests_are_told_with_what_they_said() {
        let failures = of_libtest(OUTPUT).unwrap();
        let expected = [
            Failure {
                name: "shed::roof".to_owned(),
                words: "panicked at a.rs:3:5:\nassertion failed\n  left: 1\n right: 2".to_owned(),
            },
            Failure {
                name: "shed::door".to_owned(),
                words: "panicked at b.rs:1:2:\nlocked".to_owned(),
            },
        ];
        assert_eq!(failures, expected);
    }

    #[test]
    fn a_program_that_dies_tells_nothing() {
        let died = format!("{OUTPUT}\nrunning 2 tests\ntest shed::wall ... ok\n");
        assert_eq!(of_libtest(&died), None);
    }
}
