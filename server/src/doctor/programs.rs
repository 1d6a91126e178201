//! Step 2: what must be there to start a session: the holder, shells, the directory the environment names.

use super::{Check, Look, Subject};
use crate::sessions::{find_holder, shells};

pub(super) fn check(look: &mut Look, subject: &Subject) -> Vec<Check> {
    let mut checks = vec![
        holder(look),
        default_shell(look, subject),
        installed(look, subject),
    ];
    if let Some(directory) = &subject.app_dir {
        let shown = directory.display();
        checks.push(match look.metadata(directory) {
            Ok(metadata) if metadata.is_dir() => {
                Check::ok("app_dir", format!("KIRO_APP_DIR={shown} is there"))
            }
            Ok(_) => Check::problem(
                "app_dir",
                format!("KIRO_APP_DIR={shown} is no directory"),
                "name a directory in KIRO_APP_DIR, or unset it",
            ),
            Err(error) => Check::problem(
                "app_dir",
                format!("KIRO_APP_DIR={shown}: {error}"),
                format!("restore the checkout at {shown}, or unset KIRO_APP_DIR"),
            ),
        });
    }
    checks
}

fn holder(look: &mut Look) -> Check {
    look.note("access sempre-holder, beside this program or as SEMPRE_HOLDER says");
    match find_holder() {
        Ok(path) => Check::ok("holder", format!("{} can be run", path.display())),
        Err(error) => {
            let directory = std::env::current_exe().ok();
            let directory = directory.as_deref().and_then(std::path::Path::parent);
            let place = directory.map_or_else(
                || "the directory of sempre".into(),
                |path| path.display().to_string(),
            );
            Check::problem(
                "holder",
                error.to_string(),
                format!("cp target/release/sempre-holder {place}/"),
            )
        }
    }
}

fn default_shell(look: &mut Look, subject: &Subject) -> Check {
    let name = &subject.shell;
    look.note(format!("look for {name} in PATH"));
    let found = shells::find(name, &subject.search_path);
    let runs = found.filter(|shell| rustix::fs::access(&shell.program, rustix::fs::Access::EXEC_OK).is_ok());
    match runs {
        Some(shell) => Check::ok("default_shell", format!("{name} is {}", shell.program.display())),
        None => Check::problem(
            "default_shell",
            format!("the shell {name} is not there: sessions that name none cannot start"),
            format!("install {name}, or name another one with --shell"),
        ),
    }
}

fn installed(look: &mut Look, subject: &Subject) -> Check {
    look.note(format!("look for shells in PATH={}", subject.search_path));
    let installed = shells::installed(&subject.search_path);
    match installed.is_empty() {
        true => Check::problem("shells", "no known shell is on the PATH", "apt-get install bash"),
        false => Check::ok("shells", format!("installed: {}", installed.join(", "))),
    }
}
