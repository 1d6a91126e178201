//! Decompression by the browser's own code: nothing of it is in the page's module.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableWritablePair, Response};

#[wasm_bindgen]
extern "C" {
    /// `web-sys` counts it among the unstable ones, though every browser of 2023 has it.
    #[wasm_bindgen(extends = ReadableWritablePair)]
    type DecompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// What `bytes` were before they were compressed; none if they are no raw deflate stream.
pub async fn inflate(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
    let stream = Blob::new_with_u8_array_sequence(&parts).ok()?.stream();
    let decompression = DecompressionStream::new("deflate-raw").ok()?;
    let response = Response::new_with_opt_readable_stream(Some(&stream.pipe_through(&decompression))).ok()?;
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}
