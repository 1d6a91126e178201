//! A finger that scrolls: how far it goes, whether the text goes on when it is lifted, and whether it pulls past an
//! end. Pure; the events are heard in [`crate::term`] and [`crate::browser`].
//!
//! Distances are CSS pixels, towards older text positive: the finger moves down.

/// A finger that moved less has only touched.
const SLOP_PX: f64 = 8.0;
/// Pulled so far past an end, a person means it.
const PULL_PX: f64 = 96.0;
/// A finger that rested so long before it was lifted leaves the text where it is, ms.
const STILL_MS: u64 = 80;
/// Text that is let go slows down to a third in this time, ms.
const GLIDE_MS: f64 = 325.0;
/// Slower than this, the text stands, CSS pixels per ms.
const SLOWEST: f64 = 0.05;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Not far enough to tell.
    Unknown,
    Upright,
    /// Sideways: nothing here scrolls so.
    Across,
}

/// One finger, from its touch to its lift.
#[derive(Debug, Clone, Copy)]
pub struct Drag {
    start: (f64, f64),
    way: Way,
    y: f64,
    moved_ms: u64,
    /// Pixels per ms, smoothed.
    speed: f64,
}

impl Drag {
    /// The finger touches at (`x`, `y`).
    pub fn begin(x: f64, y: f64, now_ms: u64) -> Self {
        Self {
            start: (x, y),
            way: Way::Unknown,
            y,
            moved_ms: now_ms,
            speed: 0.0,
        }
    }

    /// The finger is at (`x`, `y`): how far the text goes with it.
    pub fn moved(&mut self, x: f64, y: f64, now_ms: u64) -> f64 {
        if self.way == Way::Unknown {
            let (across, upright) = ((x - self.start.0).abs(), (y - self.start.1).abs());
            if across.max(upright) < SLOP_PX {
                return 0.0;
            }
            self.way = if upright >= across {
                Way::Upright
            } else {
                Way::Across
            };
        }
        if self.way == Way::Across {
            return 0.0;
        }
        let way_px = y - self.y;
        let took_ms = now_ms.saturating_sub(self.moved_ms).max(1);
        self.speed = 0.5 * self.speed + 0.5 * way_px / took_ms as f64;
        (self.y, self.moved_ms) = (y, now_ms);
        way_px
    }

    /// The finger is lifted: how the text goes on, if it does.
    pub fn lifted(self, now_ms: u64) -> Option<Glide> {
        let still = now_ms.saturating_sub(self.moved_ms) > STILL_MS;
        Some(Glide { speed: self.speed }).filter(|glide| !still && glide.speed.abs() > SLOWEST)
    }
}

/// Text that goes on after the finger, slower and slower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glide {
    speed: f64,
}

impl Glide {
    /// How far the text goes in the next `ms`; none once it stands.
    pub fn step(&mut self, ms: f64) -> Option<f64> {
        let way_px = self.speed * ms;
        self.speed *= (-ms / GLIDE_MS).exp();
        (self.speed.abs() > SLOWEST).then_some(way_px)
    }
}

/// A pull past an end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pull {
    px: f64,
}

impl Pull {
    /// The finger went on by `px` where nothing more scrolls; true once that is far enough, and then not again
    /// before it has been as far once more. Back again counts against it.
    pub fn by(&mut self, px: f64) -> bool {
        self.px = (self.px + px).max(0.0);
        let far = self.px >= PULL_PX;
        if far {
            self.px = 0.0;
        }
        far
    }

    /// Something scrolls again.
    pub fn ends(&mut self) {
        self.px = 0.0;
    }
}

/// Pixels that make whole rows; what is left over counts next time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows {
    rest_px: f64,
}

impl Rows {
    /// The rows of `row_px` that `px` more make.
    pub fn of(&mut self, px: f64, row_px: f64) -> i32 {
        let rows = ((self.rest_px + px) / row_px.max(1.0)).trunc();
        self.rest_px += px - rows * row_px.max(1.0);
        rows as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_is_no_scrolling() {
        let mut drag = Drag::begin(100.0, 100.0, 0);
        assert_eq!(drag.moved(103.0, 105.0, 10), 0.0);
        assert_eq!(drag.lifted(20), None);
    }

    #[test]
    fn the_text_goes_where_the_finger_goes() {
        let mut drag = Drag::begin(100.0, 100.0, 0);
        let way: f64 = (1..=20)
            .map(|at| drag.moved(100.0, 100.0 + at as f64 * 5.0, at * 16))
            .sum();
        assert_eq!(
            way, 100.0,
            "all of it, what was waited for to tell the way included"
        );
        assert_eq!(
            drag.moved(160.0, 190.0, 400),
            -10.0,
            "once upright, always upright"
        );
    }

    #[test]
    fn sideways_nothing_scrolls() {
        let mut drag = Drag::begin(100.0, 100.0, 0);
        assert_eq!(drag.moved(130.0, 110.0, 16), 0.0);
        assert_eq!(drag.moved(130.0, 300.0, 32), 0.0);
        assert_eq!(drag.lifted(33), None);
    }

    #[test]
    fn text_that_is_thrown_goes_on_and_comes_to_rest() {
        let mut drag = Drag::begin(0.0, 500.0, 0);
        for at in 1..=10 {
            drag.moved(0.0, 500.0 - at as f64 * 16.0, at * 16);
        }
        let mut glide = drag.lifted(170).expect("it was fast");
        let (mut way, mut steps) = (0.0, 0);
        while let Some(px) = glide.step(16.0) {
            way += px;
            steps += 1;
            assert!(steps < 200, "it stands some day");
        }
        assert!((-400.0..-200.0).contains(&way), "{way}");
        assert_eq!(drag.lifted(500), None, "a finger that rests holds it");
    }

    #[test]
    fn a_pull_must_be_long_and_in_one_direction() {
        let mut pull = Pull::default();
        assert!(!pull.by(60.0));
        assert!(!pull.by(-50.0));
        assert!(!pull.by(60.0));
        assert!(pull.by(60.0));
        assert!(!pull.by(60.0), "once is enough");
        pull.ends();
        assert!(!pull.by(60.0));
    }

    #[test]
    fn rows_are_whole_and_none_is_lost() {
        let mut rows = Rows::default();
        let counted: i32 = (0..100).map(|_| rows.of(7.0, 18.0)).sum();
        assert_eq!(counted, 38);
        let back: i32 = (0..100).map(|_| rows.of(-7.0, 18.0)).sum();
        assert!((-39..=-38).contains(&back));
        assert_eq!(rows.of(40.0, 0.0), 40, "before anything is laid out");
    }
}
