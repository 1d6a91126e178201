//! The `sempre` program: everything is in the library, so that tests reach it.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    sempre_server::cli::main()
}
