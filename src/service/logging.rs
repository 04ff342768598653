//! Log lines on standard error, for a terminal or for the journal.

use std::io::Write;

/// Begins logging at level info, or what `RUST_LOG` says.
pub fn start() {
    // The journal writes the time itself.
    let in_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        .format(move |out, record| {
            let level = record.level();
            if in_journal {
                // sd-daemon(3): a priority in angle brackets before the text.
                let priority = match level {
                    log::Level::Error => 3,
                    log::Level::Warn => 4,
                    log::Level::Info => 6,
                    log::Level::Debug | log::Level::Trace => 7,
                };
                return writeln!(out, "<{priority}>{}", record.args());
            }
            let time = jiff::Zoned::now().strftime("%H:%M:%S%.3f").to_string();
            let style = out.default_level_style(level);
            writeln!(out, "{time} {style}{level:<5}{style:#} {}", record.args())
        })
        .init();
}
