//! Tells the embedding of the page where the built page is: `SEMPRE_SITE_DIR`, set by `cargo xtask`.
//!
//! Without it (`cargo check` by hand) an empty directory stands in, and the server says that it has no page.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-env-changed=SEMPRE_SITE_DIR");
    let site = match std::env::var_os("SEMPRE_SITE_DIR") {
        Some(site) => PathBuf::from(site),
        None => PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("no-site"),
    };
    std::fs::create_dir_all(&site)?;
    println!("cargo:rerun-if-changed={}", site.display());
    println!("cargo:rustc-env=SEMPRE_SITE_DIR={}", site.display());
    Ok(())
}
