//! Log lines: to the journal with their levels and fields where there is one, else on standard error for a terminal; the
//! last ones are kept in memory too.

use super::recent::{Line, Recent};
use env_logger::Logger;
use log::{Log, Metadata, Record};
use std::io::Write;
use std::time::SystemTime;
use systemd_journal_logger::{JournalLog, connected_to_journal};

/// Begins logging at level info, or what `RUST_LOG` says. Cameras in the network are strangers: what a library tells of them is
/// logged only where it was asked for.
pub fn start() {
    let mut builder =
        env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info,retina=off"));
    builder.format(|out, record| {
        let level = record.level();
        let time = jiff::Zoned::now().strftime("%H:%M:%S%.3f").to_string();
        let style = out.default_level_style(level);
        writeln!(out, "{time} {style}{level:<5}{style:#} {}", record.args())
    });
    let terminal = builder.build();
    log::set_max_level(terminal.filter());
    // A journal that can't be reached takes standard error's lines all the same.
    let journal = connected_to_journal().then(JournalLog::new).and_then(Result::ok);
    log::set_boxed_logger(Box::new(Lines { terminal, journal })).expect("logging begins once");
}

/// What was logged last, as the log itself a thing of the whole process.
static RECENT: Recent = Recent::new();

/// The last `most` lines, oldest first.
pub fn recent(most: usize) -> Vec<Line> {
    RECENT.newest(most)
}

/// Where lines go.
struct Lines {
    /// Its filter holds for all.
    terminal: Logger,
    /// The journal's own protocol: the text, the level, where it was logged, and the record's own fields.
    journal: Option<JournalLog>,
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata) -> bool {
        self.terminal.enabled(metadata)
    }

    fn log(&self, record: &Record) {
        if !self.terminal.matches(record) {
            return;
        }
        RECENT.keep(record, SystemTime::now());
        let sent = self.journal.as_ref().is_some_and(|journal| journal.journal_send(record).is_ok());
        if !sent {
            // Where the journal doesn't take the line, standard error does, since the journal reads that too.
            self.terminal.log(record);
        }
    }

    fn flush(&self) {}
}
