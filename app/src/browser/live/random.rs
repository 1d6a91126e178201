//! Randomness from the browser's cryptographic source.

use crate::feed::Chance;

/// The browser's randomness.
#[derive(Debug, Default)]
pub struct BrowserChance;

impl Chance for BrowserChance {
    fn fraction(&mut self) -> f64 {
        js_sys::Math::random()
    }

    fn id_bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        if let Some(crypto) = web_sys::window().and_then(|window| window.crypto().ok()) {
            // Fails only for more than 65536 bytes.
            let _ = crypto.get_random_values_with_u8_array(&mut bytes);
        }
        bytes
    }
}
