//! A wheel that is turned on past an end of the text: whether a person means it. Pure; the events are heard in
//! [`crate::term`] and [`crate::browser`].
//!
//! Distances are CSS pixels, towards the end in question positive.

/// What led to the end, and what a touchpad still sends of it, is over when nothing came for this time, ms.
const REST_MS: u64 = 250;
/// Turned so far past an end, a person means it. Most wheels send half of it at once.
const ENOUGH_PX: f64 = 200.0;

/// The wheel over a text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wheel {
    moved_ms: u64,
    turned_px: f64,
}

impl Wheel {
    /// The wheel is turned by `px`; `at_end`: where the text already stands at its end. True once that is far enough,
    /// and then not again before it has been as far once more.
    pub fn turned(&mut self, px: f64, at_end: bool, now_ms: u64) -> bool {
        if !at_end || px <= 0.0 {
            (self.moved_ms, self.turned_px) = (now_ms, 0.0);
            return false;
        }
        if now_ms < self.moved_ms + REST_MS {
            self.moved_ms = now_ms;
            return false;
        }
        self.turned_px += px;
        let far = self.turned_px >= ENOUGH_PX;
        if far {
            self.turned_px = 0.0;
        }
        far
    }

    /// Pixels of a turn that was told in `unit`: lines and pages are rare, and each turn of them is enough.
    pub fn px(delta: f64, unit: u32) -> f64 {
        match unit {
            0 => delta,
            _ => delta.signum() * ENOUGH_PX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_turn_that_led_to_the_end_does_not_count_however_long_it_goes_on() {
        let mut wheel = Wheel::default();
        assert!(!wheel.turned(100.0, false, 1_000));
        for at in 1..50 {
            assert!(!wheel.turned(100.0, true, 1_000 + at * 16));
        }
        let rested = 1_000 + 49 * 16 + REST_MS;
        assert!(!wheel.turned(100.0, true, rested));
        assert!(wheel.turned(100.0, true, rested + 16));
        assert!(!wheel.turned(100.0, true, rested + 32), "once is enough");
    }

    #[test]
    fn a_turn_the_other_way_begins_anew() {
        let mut wheel = Wheel::default();
        assert!(!wheel.turned(150.0, true, 1_000));
        assert!(!wheel.turned(-10.0, true, 1_010));
        assert!(!wheel.turned(150.0, true, 2_000));
        assert!(wheel.turned(50.0, true, 2_010));
        assert!(!wheel.turned(0.0, true, 3_000), "sideways");
    }

    #[test]
    fn lines_and_pages_are_enough() {
        let mut wheel = Wheel::default();
        assert!(wheel.turned(Wheel::px(3.0, 1), true, 1_000));
        assert!(!wheel.turned(Wheel::px(-1.0, 2), true, 2_000));
        assert_eq!(Wheel::px(7.0, 0), 7.0);
    }
}
