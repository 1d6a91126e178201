//! How long to wait before the next attempt to connect, and where its randomness comes from.

/// The longest wait, ms, before jitter.
pub(super) const LONGEST_DELAY_MS: u64 = 30_000;
/// The wait after the first failure, ms, before jitter.
pub(super) const FIRST_DELAY_MS: u64 = 1_000;

/// Randomness, brought by the caller: the browser's, or a test's fixed sequence.
pub trait Chance {
    /// A number in `0.0..1.0`.
    fn fraction(&mut self) -> f64;
    /// 128 bits for an id, from a cryptographic source.
    fn id_bytes(&mut self) -> [u8; 16];
}

/// Wait before the next attempt after `failures` failed ones (1, 2, …), ms: 1, 2, 4 … 30 s, each shortened or
/// lengthened by up to a fifth so that the viewers of a restarted server do not all return at one moment.
pub fn retry_delay_ms(failures: u32, fraction: f64) -> u64 {
    let doublings = failures.saturating_sub(1).min(5);
    let base = (FIRST_DELAY_MS << doublings).min(LONGEST_DELAY_MS);
    let spread = base / 5;
    // The cast truncates a value in 0..=2*spread, far below 2^53.
    let jitter = (fraction.clamp(0.0, 1.0) * (2 * spread) as f64) as u64;
    base - spread + jitter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_thirty_seconds_and_stay_within_a_fifth() {
        let bases = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
        for (failures, base) in (1..).zip(bases) {
            assert_eq!(retry_delay_ms(failures, 0.5), base);
            for fraction in [0.0, 0.25, 0.999, 1.0] {
                let delay = retry_delay_ms(failures, fraction);
                assert!(
                    (base - base / 5..=base + base / 5).contains(&delay),
                    "{failures}: {delay}"
                );
            }
        }
        assert_eq!(retry_delay_ms(u32::MAX, 0.5), LONGEST_DELAY_MS);
    }
}
