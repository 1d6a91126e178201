//! What `--help` says, word for word: `SEMPRE_UPDATE=1` writes it anew.

use std::fs;
use std::path::PathBuf;

use crate::program::command;

fn help(words: &[&str]) -> String {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let output = command(temp.path()).args(words).arg("--help").output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The verbs that a help page lists, but help itself.
fn verbs(page: &str) -> Vec<String> {
    let listed = page.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn help_is_as_it_was_written_down() {
    let top = help(&[]);
    let mut pages = vec![("sempre".to_owned(), top.clone())];
    // The server's own page changes with every setting; it is described in the documentation of the settings.
    for verb in verbs(&top).into_iter().filter(|verb| verb != "serve") {
        let page = help(&[&verb]);
        for below in verbs(&page) {
            pages.push((format!("{verb}-{below}"), help(&[&verb, &below])));
        }
        pages.push((verb, page));
    }
    assert!(pages.len() > 15, "{}", pages.len());
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/help");
    let update = std::env::var_os("SEMPRE_UPDATE").is_some();
    for (name, page) in pages {
        let long = page.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{name} fits a terminal");
        let path = directory.join(format!("{name}.txt"));
        if update {
            fs::create_dir_all(&directory).unwrap();
            fs::write(&path, &page).unwrap();
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(page, written, "{name}: SEMPRE_UPDATE=1 writes the page anew");
    }
}
