//! How often someone may try: a budget per name that fills up again with time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names that are remembered; beyond it the one with the most left is forgotten.
const MAX_NAMES: usize = 4096;

/// Budgets of attempts by name.
#[derive(Debug)]
pub(super) struct Attempts {
    burst: u32,
    /// One attempt comes back after this.
    refill: Duration,
    spent: Mutex<HashMap<String, Spent>>,
}

/// Attempts that were spent as of `at`.
#[derive(Debug, Clone, Copy)]
struct Spent {
    count: f64,
    at: Instant,
}

impl Attempts {
    /// `burst` attempts at once, then one per `refill`.
    pub(super) fn new(burst: u32, refill: Duration) -> Self {
        Self {
            burst,
            refill,
            spent: Mutex::default(),
        }
    }

    /// Takes an attempt.
    ///
    /// # Errors
    /// How long to wait for the next one.
    pub(super) fn take(&self, name: &str, now: Instant) -> Result<(), Duration> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let left_over = |entry: &Spent| {
            let back = now.saturating_duration_since(entry.at).as_secs_f64() / self.refill.as_secs_f64();
            (entry.count - back).max(0.0)
        };
        let count = spent.get(name).map_or(0.0, left_over);
        let missing = count + 1.0 - f64::from(self.burst);
        if missing > 0.0 {
            return Err(self.refill.mul_f64(missing));
        }
        if spent.len() >= MAX_NAMES && !spent.contains_key(name) {
            spent.retain(|_, entry| left_over(entry) > 0.0);
            let least = spent
                .iter()
                .min_by(|(_, a), (_, b)| left_over(a).total_cmp(&left_over(b)));
            let least = least.map(|(name, _)| name.clone());
            if let Some(least) = least.filter(|_| spent.len() >= MAX_NAMES) {
                spent.remove(&least);
            }
        }
        let entry = Spent {
            count: count + 1.0,
            at: now,
        };
        spent.insert(name.to_owned(), entry);
        Ok(())
    }

    /// Gives one attempt back: it was a good one.
    pub(super) fn give_back(&self, name: &str) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = spent.get_mut(name) {
            entry.count = (entry.count - 1.0).max(0.0);
        }
    }

    /// Forgets what was spent.
    pub(super) fn forgive(&self, name: &str) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.remove(name);
    }
}

/// The name under which an address has its budget: who has one IPv6 address has all of its network.
pub(super) fn client_name(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "unix".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_run_out_and_come_back() {
        let attempts = Attempts::new(2, Duration::from_secs(10));
        let start = Instant::now();
        assert!(attempts.take("a", start).is_ok() && attempts.take("a", start).is_ok());
        let wait = attempts.take("a", start).unwrap_err();
        assert_eq!(wait.as_secs(), 10);
        assert!(attempts.take("b", start).is_ok(), "each has a budget of its own");
        assert!(attempts.take("a", start + Duration::from_secs(9)).is_err());
        assert!(attempts.take("a", start + Duration::from_secs(21)).is_ok());
        let later = start + Duration::from_secs(21);
        assert!(attempts.take("a", later).is_ok() && attempts.take("a", later).is_err());
        attempts.give_back("a");
        assert!(attempts.take("a", later).is_ok() && attempts.take("a", later).is_err());
        attempts.forgive("a");
        assert!(attempts.take("a", start).is_ok() && attempts.take("a", start).is_ok());
    }

    #[test]
    fn the_table_is_bounded_and_forgets_who_tried_least() {
        let attempts = Attempts::new(2, Duration::from_secs(10));
        let now = Instant::now();
        assert!(attempts.take("brute", now).is_ok() && attempts.take("brute", now).is_ok());
        for number in 0..2 * MAX_NAMES {
            attempts.take(&number.to_string(), now).unwrap();
        }
        assert_eq!(attempts.spent.lock().unwrap().len(), MAX_NAMES);
        assert!(attempts.take("brute", now).is_err());
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let name = |text: &str| client_name(Some(text.parse().unwrap()));
        assert_eq!(name("2001:db8::1"), name("2001:db8::ffff:2"));
        assert_ne!(name("2001:db8::1"), name("2001:db8:0:1::1"));
        assert_eq!(name("::ffff:192.0.2.1"), name("192.0.2.1"));
    }
}
