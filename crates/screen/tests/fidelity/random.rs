//! Random streams that are the same for the same seed, made small when they fail.

use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::oracle::Oracle;
use crate::script::Script;
use crate::verdict::{Care, judge};

/// Attempts to make a failing stream smaller.
const SMALLER: usize = 3_000;

/// A source of the same streams for the same seed and purpose.
pub(crate) fn runner(seed: u64, purpose: &str) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    for (byte, letter) in bytes[8..].iter_mut().zip(purpose.bytes()) {
        *byte = letter;
    }
    TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
    )
}

/// `SEMPRE_SEED`, or the usual one.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("SEMPRE_SEED").ok();
    given.map_or(1, |text| text.parse().expect("SEMPRE_SEED is a number"))
}

/// What is left of a failing stream when everything is gone that it fails without.
pub(crate) fn smallest(tree: &mut impl ValueTree<Value = Script>, fails: impl Fn(&Script) -> bool) -> Script {
    let mut smallest = tree.current();
    let mut failed = true;
    for _ in 0..SMALLER {
        let moved = if failed {
            tree.simplify()
        } else {
            tree.complicate()
        };
        if !moved {
            break;
        }
        let current = tree.current();
        failed = fails(&current);
        if failed {
            smallest = current;
        }
    }
    smallest
}

/// What is wrong with the snapshots of a script, if anything is.
pub(crate) fn wrong_snapshot(oracle: &mut Oracle, script: &Script, care: Care) -> Option<String> {
    let verdict = judge(oracle, script, care);
    (!verdict.bad.is_empty()).then(|| verdict.report(script))
}
