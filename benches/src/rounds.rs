//! Interleaved rounds: A B C, A B C, …; a round that other load disturbed is run again.

use std::collections::BTreeMap;

use crate::contender::{Column, Contender, Server};
use crate::machine::Moment;
use crate::measures::{Measure, Round};

/// Others' share of all cores from which on a round counts as disturbed.
const DISTURBED: f64 = 0.15;

/// How often to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Rounds of what is cheap.
    pub(crate) rounds: usize,
    /// Also what takes long.
    pub(crate) full: bool,
}

/// One contender's figures: per round, per row of the measure.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) rounds: Vec<Round>,
    /// Why there are none.
    pub(crate) failed: Option<String>,
}

/// What came out of a measure.
pub(crate) struct Outcome {
    pub(crate) figures: BTreeMap<Column, Figures>,
    /// Rounds kept although others used the cores.
    pub(crate) disturbed: usize,
    /// Rounds that were run again.
    pub(crate) repeated: usize,
    /// Rounds kept.
    pub(crate) rounds: usize,
}

impl Outcome {
    /// A contender's figures for one row, in the order of rounds; `NaN` where there is none.
    pub(crate) fn row(&self, column: Column, row: usize) -> Vec<f64> {
        let rounds = self.figures.get(&column).map(|figures| figures.rounds.as_slice());
        rounds
            .unwrap_or_default()
            .iter()
            .map(|round| round.get(row).copied().flatten().unwrap_or(f64::NAN))
            .collect()
    }
}

/// Runs a measure with all contenders in turns. As many rounds may be run again as were asked for.
pub(crate) fn run(
    measure: &dyn Measure,
    contenders: &[Box<dyn Contender>],
    effort: Effort,
) -> anyhow::Result<Outcome> {
    let wanted = effort.rounds.min(measure.most_rounds()).max(1);
    let mut outcome = Outcome {
        figures: BTreeMap::new(),
        disturbed: 0,
        repeated: 0,
        rounds: 0,
    };
    let mut runners: Vec<Runner<'_>> = contenders
        .iter()
        .filter(|contender| measure.takes(contender.column()))
        .map(|contender| Runner::new(contender.as_ref(), measure))
        .collect();
    while outcome.rounds < wanted {
        let start = Moment::now()?;
        let round: Vec<Option<Round>> = runners.iter_mut().map(|runner| runner.round(measure)).collect();
        if start.load_since()?.others > DISTURBED {
            if outcome.repeated < wanted {
                outcome.repeated += 1;
                continue;
            }
            outcome.disturbed += 1;
        }
        outcome.rounds += 1;
        for (runner, figures) in runners.iter_mut().zip(round) {
            runner.figures.rounds.extend(figures);
        }
    }
    for runner in runners {
        outcome.figures.insert(runner.contender.column(), runner.figures);
    }
    Ok(outcome)
}

/// One contender during one measure.
struct Runner<'a> {
    contender: &'a dyn Contender,
    /// Running and warm, for measures that go on with the same one.
    server: Option<Box<dyn Server>>,
    figures: Figures,
}

impl<'a> Runner<'a> {
    fn new(contender: &'a dyn Contender, measure: &dyn Measure) -> Self {
        let mut runner = Self {
            contender,
            server: None,
            figures: Figures::default(),
        };
        if let Err(reason) = contender.version() {
            runner.figures.failed = Some(reason);
        } else if !measure.wants_fresh_server() {
            match runner.start(measure) {
                Ok(server) => runner.server = Some(server),
                Err(error) => runner.figures.failed = Some(format!("{error:#}")),
            }
        }
        runner
    }

    fn start(&self, measure: &dyn Measure) -> anyhow::Result<Box<dyn Server>> {
        let server = self.contender.start(measure.scrollback())?;
        measure.warm_up(server.as_ref())?;
        Ok(server)
    }

    /// One round; none if this contender has failed before or fails now.
    fn round(&mut self, measure: &dyn Measure) -> Option<Round> {
        if self.figures.failed.is_some() {
            return None;
        }
        let result = match &self.server {
            Some(server) => measure.round(server.as_ref()),
            None => self
                .start(measure)
                .and_then(|server| measure.round(server.as_ref())),
        };
        result
            .map_err(|error| self.figures.failed = Some(format!("{error:#}")))
            .ok()
    }
}
