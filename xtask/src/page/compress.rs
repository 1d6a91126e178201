//! Compressed twins of the site's files, made once at build time instead of at each request.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

const BROTLI_QUALITY: i32 = 11;
/// The largest window every browser takes.
const BROTLI_WINDOW_BITS: i32 = 22;
const COMPRESSIBLE: [&str; 9] = [
    "css",
    "html",
    "js",
    "json",
    "map",
    "svg",
    "txt",
    "wasm",
    "webmanifest",
];

/// Whether a file gets smaller; pictures and fonts are compressed already.
pub(super) fn is_compressible(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| COMPRESSIBLE.iter().any(|known| extension == *known))
}

/// As `Content-Encoding: br`.
pub(super) fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: bytes.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &params).context("brotli failed")?;
    Ok(compressed)
}

/// As `Content-Encoding: gzip`, with no time in the header: the same input gives the same output.
pub(super) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).context("gzip failed")?;
    encoder.finish().context("gzip failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_give_the_bytes_back() {
        use std::io::Read;
        let bytes = b"the same words again, the same words again".repeat(100);
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &*brotli(&bytes).unwrap(), &mut back).unwrap();
        assert_eq!(back, bytes);
        back.clear();
        flate2::read::GzDecoder::new(&*gzip(&bytes).unwrap())
            .read_to_end(&mut back)
            .unwrap();
        assert_eq!(back, bytes);
        assert_eq!(gzip(&bytes).unwrap(), gzip(&bytes).unwrap());
    }

    #[test]
    fn pictures_are_left_alone() {
        assert!(is_compressible("a.wasm") && is_compressible("a.svg"));
        assert!(!is_compressible("a.png") && !is_compressible("woff2"));
    }
}
