//! `sempre-holder SESSION_DIR [--confine]`: started by the server with the spec on standard input; not for people.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use sempre_protocol::holder::CONFINE_ARGUMENT;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    match (args.next(), args.next(), args.next()) {
        (Some(arg), None, None) if arg == "--version" => {
            let mut stdout = std::io::stdout();
            let _ = std::io::Write::write_all(
                &mut stdout,
                concat!("sempre-holder ", env!("CARGO_PKG_VERSION"), "\n").as_bytes(),
            );
            ExitCode::SUCCESS
        }
        // What is confined says so twice: a holder that cannot confine knows no second argument.
        (Some(dir), more, None) if more.as_ref().is_none_or(|arg| arg == CONFINE_ARGUMENT) => {
            match sempre_holder::boot::run(&PathBuf::from(dir)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        _ => {
            let usage =
                b"usage: sempre-holder SESSION_DIR (started by `sempre serve`, spec on standard input)\n";
            let _ = std::io::Write::write_all(&mut std::io::stderr(), usage);
            ExitCode::from(2)
        }
    }
}
