//! What a deadline is; that tokens are told apart is proven at the door (`tests/security/tokens.rs`).

use serde_json::json;

use super::*;

fn ends(exp: Value, now_ms: u64) -> Result<u64, TokenError> {
    ends_at(json!({ "exp": exp }).as_object().unwrap(), now_ms)
}

#[test]
fn what_a_token_opens_ends_with_it() {
    assert_eq!(ends(json!(100), 99_000), Ok(100_000));
    assert_eq!(ends(json!(100.9), 99_000), Ok(100_000));
    assert_eq!(ends(json!(100), 110_000), Ok(130_000), "within the leeway");
    assert_eq!(ends(json!(u64::MAX), 0), Ok(LAST_MS));
    assert!(ends(json!("soon"), 0).is_err());
}

#[test]
fn only_what_looks_signed_is_looked_at() {
    assert!(Jwt::is_meant("eyJ.a.b"));
    for other in ["sempre_00", "eyJ.a", "a.b.c", "eyJ.a.b.c"] {
        assert!(!Jwt::is_meant(other), "{other}");
    }
}
