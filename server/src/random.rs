//! Randomness for ids and tokens, from the operating system.

/// 16 or more unpredictable bytes.
///
/// # Errors
/// If the operating system has no randomness to give, which it does not recover from.
pub(crate) fn random_bytes<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| std::io::Error::other(format!("no random numbers: {error}")))?;
    Ok(bytes)
}
