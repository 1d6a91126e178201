//! Medians and ranges over rounds; ratios are taken within each round.

/// Median, smallest and largest of some figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of these figures; zeros if there are none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Self {
            median: figures.get(figures.len() / 2).copied().unwrap_or_default(),
            min: figures.first().copied().unwrap_or_default(),
            max: figures.last().copied().unwrap_or_default(),
        }
    }

    /// `median (min–max)` with this many decimals.
    pub(crate) fn show(&self, decimals: usize) -> String {
        format!(
            "{:.decimals$} ({:.decimals$}–{:.decimals$})",
            self.median, self.min, self.max
        )
    }
}

/// The value at `share` (0 to 1) of sorted samples.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let index = (sorted.len() as f64 * share) as usize;
    sorted
        .get(index.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}
