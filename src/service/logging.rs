//! Log lines: to the journal with their levels and fields where there is one, else on standard error for a terminal.

use env_logger::Logger;
use log::{Log, Metadata, Record};
use std::io::Write;
use systemd_journal_logger::{JournalLog, connected_to_journal};

/// Begins logging at level info, or what `RUST_LOG` says.
pub fn start() {
    let mut builder = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"));
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
    let logger: Box<dyn Log> = match journal {
        Some(journal) => Box::new(Journal { filter: terminal, journal }),
        None => Box::new(terminal),
    };
    log::set_boxed_logger(logger).expect("logging begins once");
}

/// The journal's own protocol: the text, the level, where it was logged, and the record's own fields.
struct Journal {
    filter: Logger,
    journal: JournalLog,
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record) {
        if self.filter.matches(record) && self.journal.journal_send(record).is_err() {
            // It doesn't take the line: standard error does, since the journal reads that too.
            self.filter.log(record);
        }
    }

    fn flush(&self) {}
}
