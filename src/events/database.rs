//! The list of events, in SQLite. Knows no files but its own, and nothing of cameras.

use super::record::{Area, Clip, Event};
use crate::anomaly::kinds::Severity;
use crate::pipeline::State;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use std::path::Path;
use std::time::Duration;

/// Of the tables below. A file with another one isn't opened.
const VERSION: i32 = 1;

const TABLES: &str = "
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    camera TEXT NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER,
    time_synced INTEGER NOT NULL,
    since_start INTEGER NOT NULL,
    state TEXT NOT NULL,
    type TEXT,
    severity TEXT,
    verdict TEXT,
    zone TEXT,
    score REAL NOT NULL,
    tracks INTEGER NOT NULL,
    regions TEXT NOT NULL,
    clip TEXT,
    keep INTEGER NOT NULL,
    fault TEXT,
    bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX event_by_time ON event (began);
CREATE INDEX event_by_camera ON event (camera, id);
CREATE INDEX event_by_state ON event (state, id);
CREATE INDEX event_by_type ON event (type, id) WHERE type IS NOT NULL;
CREATE INDEX event_open ON event (id) WHERE ended IS NULL;
CREATE TABLE written (day TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
";

/// Days are remembered so long.
const WRITTEN_DAYS: usize = 30;

/// Why the list can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it was made by another version of this program (tables {found}, and not {VERSION})")]
    Version { found: i32 },
    #[error("{0}")]
    Failed(#[from] rusqlite::Error),
}

impl DatabaseError {
    /// The file is of no use, now and later: it isn't the disk that can't be read or written just now.
    pub fn is_lasting(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            Self::Damaged(_) | Self::Version { .. } => true,
            Self::Failed(error) => matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)),
        }
    }
}

/// Which events are asked for. All that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub camera: Option<String>,
    pub state: Option<String>,
    pub anomaly_type: Option<String>,
    pub severity: Option<String>,
    pub zone: Option<String>,
    /// Unix time in milliseconds: those that weren't over before it, and those that began before it.
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub keep: Option<bool>,
    /// Those with smaller numbers than this.
    pub before: Option<i64>,
    /// Those with greater numbers, the smallest first.
    pub after: Option<i64>,
    pub limit: usize,
}

/// The opened list.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

impl Database {
    /// Opens it, or makes it; checks that it is whole.
    ///
    /// # Errors
    /// The disk, or a file that can't be used.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // What was confirmed stays, over power cuts too; there are only a few writes an event.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // In KiB: the whole list of a month is smaller.
        connection.pragma_update(None, "cache_size", -1024)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        let check: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if check != "ok" {
            return Err(DatabaseError::Damaged(check));
        }
        match connection.query_row("PRAGMA user_version", [], |row| row.get(0))? {
            VERSION => {}
            0 => {
                let transaction = connection.transaction()?;
                transaction.execute_batch(TABLES)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
                transaction.commit()?;
            }
            found => return Err(DatabaseError::Version { found }),
        }
        Ok(Self { connection })
    }

    /// Adds an event, or replaces that with its number. `bytes`: of all its files.
    pub fn put(&self, event: &Event, bytes: u64) -> Result<(), DatabaseError> {
        let json = |value: Option<&serde_json::Value>| value.map(ToString::to_string);
        let clip = event.clip.map(|clip| serde_json::to_string(&clip).unwrap_or_default());
        self.connection.prepare(
            "INSERT OR REPLACE INTO event VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
        )?.execute(params![
            event.id,
            event.camera,
            event.began,
            event.ended,
            event.time_synced,
            event.since_start,
            event.state.name(),
            event.anomaly_type(),
            event.severity.map(Severity::name),
            json(event.verdict.as_ref()),
            event.zone,
            event.score,
            event.tracks,
            serde_json::to_string(&event.regions).unwrap_or_default(),
            clip,
            event.keep,
            event.fault,
            i64::try_from(bytes).unwrap_or(i64::MAX),
        ])?;
        Ok(())
    }

    pub fn get(&self, id: i64) -> Result<Option<Event>, DatabaseError> {
        let mut query = self.connection.prepare("SELECT * FROM event WHERE id = ?")?;
        Ok(query.query_row([id], event).optional()?)
    }

    /// The newest first (with [`Filter::after`] the oldest), at most [`Filter::limit`].
    pub fn list(&self, filter: &Filter) -> Result<Vec<Event>, DatabaseError> {
        let (conditions, mut values) = conditions(filter);
        values.push(Value::Integer(i64::try_from(filter.limit).unwrap_or(i64::MAX)));
        let order = if filter.after.is_some() { "ASC" } else { "DESC" };
        let text = format!("SELECT * FROM event WHERE {conditions} ORDER BY id {order} LIMIT ?");
        let mut query = self.connection.prepare(&text)?;
        let events = query.query_map(params_from_iter(values), event)?.collect::<Result<_, _>>()?;
        Ok(events)
    }

    /// How many there are of which [`Filter::limit`] shows some.
    pub fn count(&self, filter: &Filter) -> Result<u64, DatabaseError> {
        let (conditions, values) = conditions(&Filter { before: None, after: None, ..filter.clone() });
        let text = format!("SELECT count(*) FROM event WHERE {conditions}");
        let mut query = self.connection.prepare(&text)?;
        let count: i64 = query.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// True if there is such an event.
    pub fn set_keep(&self, id: i64, keep: bool) -> Result<bool, DatabaseError> {
        let changed = self.connection.execute("UPDATE event SET keep = ? WHERE id = ?", params![keep, id])?;
        Ok(changed > 0)
    }

    /// What all the files of an event need now.
    pub fn set_bytes(&self, id: i64, bytes: u64) -> Result<(), DatabaseError> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.connection.execute("UPDATE event SET bytes = ? WHERE id = ?", params![bytes, id])?;
        Ok(())
    }

    /// True if there was such an event.
    pub fn delete(&self, id: i64) -> Result<bool, DatabaseError> {
        Ok(self.connection.execute("DELETE FROM event WHERE id = ?", [id])? > 0)
    }

    /// The oldest that may be deleted.
    pub fn oldest(&self) -> Result<Option<Event>, DatabaseError> {
        let text = "SELECT * FROM event WHERE keep = 0 AND ended IS NOT NULL ORDER BY id LIMIT 1";
        Ok(self.connection.prepare(text)?.query_row([], event).optional()?)
    }

    /// One that may be deleted and was over before `limit`, by a clock that was right: what has no right time has no age.
    pub fn expired(&self, limit: i64) -> Result<Option<Event>, DatabaseError> {
        let text = "SELECT * FROM event WHERE keep = 0 AND time_synced AND ended < ? ORDER BY id LIMIT 1";
        Ok(self.connection.prepare(text)?.query_row([limit], event).optional()?)
    }

    /// Those that were under way when the program ended.
    pub fn unfinished(&self) -> Result<Vec<Event>, DatabaseError> {
        let mut query = self.connection.prepare("SELECT * FROM event WHERE ended IS NULL ORDER BY id")?;
        let events = query.query_map([], event)?.collect::<Result<_, _>>()?;
        Ok(events)
    }

    /// Each one's number, its camera and what its files need.
    pub fn inventory(&self) -> Result<Vec<(i64, String, u64)>, DatabaseError> {
        let mut query = self.connection.prepare("SELECT id, camera, bytes FROM event ORDER BY id")?;
        let row = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs()));
        let all = query.query_map([], row)?.collect::<Result<_, _>>()?;
        Ok(all)
    }

    /// Of all events' files.
    pub fn bytes(&self) -> Result<u64, DatabaseError> {
        let sum: i64 =
            self.connection.query_row("SELECT coalesce(sum(bytes), 0) FROM event", [], |row| row.get(0))?;
        Ok(sum.unsigned_abs())
    }

    /// Counts bytes that were written on a day, such as "2026-11-29".
    pub fn add_written(&self, day: &str, bytes: u64) -> Result<(), DatabaseError> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.connection.execute(
            "INSERT INTO written VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET bytes = bytes + ?2",
            params![day, bytes],
        )?;
        self.connection.execute(
            "DELETE FROM written WHERE day NOT IN (SELECT day FROM written ORDER BY day DESC LIMIT ?)",
            [i64::try_from(WRITTEN_DAYS).unwrap_or(i64::MAX)],
        )?;
        Ok(())
    }

    /// The days on which something was written, the newest first.
    pub fn written(&self) -> Result<Vec<(String, u64)>, DatabaseError> {
        let mut query = self.connection.prepare("SELECT day, bytes FROM written ORDER BY day DESC")?;
        let row = |row: &Row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
        let all = query.query_map([], row)?.collect::<Result<_, _>>()?;
        Ok(all)
    }
}

/// What of a filter SQL decides.
fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    let mut parts = vec!["1"];
    let mut values = Vec::new();
    let texts = [
        ("camera = ?", &filter.camera),
        ("state = ?", &filter.state),
        ("type = ?", &filter.anomaly_type),
        ("severity = ?", &filter.severity),
        ("zone = ?", &filter.zone),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            parts.push(condition);
            values.push(Value::Text(text.clone()));
        }
    }
    let numbers = [
        ("coalesce(ended, 9223372036854775807) >= ?", filter.from),
        ("began < ?", filter.to),
        ("keep = ?", filter.keep.map(i64::from)),
        ("id < ?", filter.before),
        ("id > ?", filter.after),
    ];
    for (condition, number) in numbers {
        if let Some(number) = number {
            parts.push(condition);
            values.push(Value::Integer(number));
        }
    }
    (parts.join(" AND "), values)
}

/// One row.
fn event(row: &Row) -> rusqlite::Result<Event> {
    let json = |column: &str| row.get::<_, Option<String>>(column);
    let verdict = json("verdict")?.and_then(|text| serde_json::from_str(&text).ok());
    let clip: Option<Clip> = json("clip")?.and_then(|text| serde_json::from_str(&text).ok());
    let regions: Vec<Area> = serde_json::from_str(&row.get::<_, String>("regions")?).unwrap_or_default();
    let state: String = row.get("state")?;
    Ok(Event {
        id: row.get("id")?,
        camera: row.get("camera")?,
        began: row.get("began")?,
        ended: row.get("ended")?,
        time_synced: row.get("time_synced")?,
        since_start: row.get("since_start")?,
        state: State::parse(&state).unwrap_or_default(),
        severity: row.get::<_, Option<String>>("severity")?.as_deref().and_then(Severity::parse),
        verdict,
        zone: row.get("zone")?,
        score: row.get("score")?,
        tracks: row.get("tracks")?,
        regions,
        clip,
        keep: row.get("keep")?,
        fault: row.get("fault")?,
    })
}

#[cfg(test)]
mod tests;
