//! Tests that lack what they need say so where everybody sees it.

use std::io::Write;

/// Says that a test was skipped, and why. Past the test runner, which keeps the output of tests that pass.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "\n*** SKIPPED: {why} ***\n");
}
