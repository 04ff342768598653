//! Reads TOML tables by the tables of keys, and collects every fault with its line. Knows no key by name.

use super::fault::{Fault, quoted};
use super::geometry::polygon_fault;
use super::keys::{Field, Key};
use super::spelling::nearest;
use super::tables::tables;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table of the file, and where it begins.
#[derive(Clone, Copy)]
pub struct Found<'t> {
    pub table: &'t DeTable<'t>,
    pub offset: usize,
}

/// Where keys stand.
#[derive(Debug, Default)]
pub struct Places {
    /// Lines of keys and tables that were read and are in order, by full key.
    lines: BTreeMap<String, usize>,
    /// Full keys whose values are refused: the configuration has the default there, which proves nothing.
    refused: BTreeSet<String>,
    /// Of no file that anybody sees: lines tell nothing.
    hidden: bool,
}

impl Places {
    /// The line of a key, or of the nearest table around it that is in the file.
    pub fn line(&self, key: &str) -> Option<usize> {
        if self.hidden {
            return None;
        }
        let mut key = key;
        loop {
            if let Some(line) = self.lines.get(key) {
                return Some(*line);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// Whether the file has this very key or table.
    pub fn has(&self, key: &str) -> bool {
        self.lines.contains_key(key)
    }

    /// For a configuration that goes on with what it had where a value was refused.
    pub fn settled(self) -> Self {
        Self { refused: BTreeSet::new(), hidden: true, ..self }
    }

    /// Whether this key's value was refused.
    pub fn refused(&self, key: &str) -> bool {
        self.refused.contains(key)
    }
}

/// One pass over one file.
pub struct Reader<'f> {
    text: &'f str,
    /// Offset of each line's first byte.
    starts: Vec<usize>,
    /// Lines that aren't TOML; what was made of them is no fault of its own. With one of them, what is missing or
    /// unknown may be so because of them, and isn't told.
    broken: BTreeSet<usize>,
    pub places: Places,
    pub faults: Vec<Fault>,
}

impl<'f> Reader<'f> {
    pub fn new(text: &'f str) -> Self {
        let breaks =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(offset, _)| offset + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
            broken: BTreeSet::new(),
            places: Places::default(),
            faults: Vec::new(),
        }
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).max(1)
    }

    /// A line that isn't TOML. Only the first fault of a line counts: the others follow from it.
    pub fn syntax_fault(&mut self, offset: usize, text: String) {
        let line = self.line(offset);
        if self.broken.insert(line) {
            let before = self.text.get(self.starts[line - 1]..offset).unwrap_or_default();
            let column = Some(before.chars().count() + 1);
            self.faults.push(Fault { line: Some(line), column, ..Fault::new(text) });
        }
    }

    pub fn all_is_toml(&self) -> bool {
        self.broken.is_empty()
    }

    /// Whether a table's header isn't TOML: then nobody knows to which table the keys below it belong.
    pub fn lost_a_header(&self) -> bool {
        self.broken.iter().any(|line| self.text[self.starts[line - 1]..].trim_start().starts_with('['))
    }

    /// A fault of the key `full`.
    fn fault(&mut self, full: &str, offset: usize, text: String) {
        let line = self.line(offset);
        if !self.broken.contains(&line) {
            self.faults.push(Fault { line: Some(line), keys: vec![full.into()], ..Fault::new(text) });
        }
    }

    /// Reads a table's keys `into` what it describes. `nested` are the tables in it, which the caller reads.
    pub fn section<T>(&mut self, path: &str, found: Found, keys: &[Key<T>], nested: &[&str], into: &mut T) {
        self.open_section(path, found, keys, nested, &[], into);
    }

    /// The same of a table of which not all is open: keys and tables named by `closed` are refused.
    pub fn open_section<T>(
        &mut self,
        path: &str,
        found: Found,
        keys: &[Key<T>],
        nested: &[&str],
        closed: &[&str],
        into: &mut T,
    ) {
        self.places.lines.insert(path.into(), self.line(found.offset));
        let is_closed = |name: &str| closed.contains(&name);
        for (name, value) in found.table {
            let full = join(path, name.get_ref());
            if is_closed(name.get_ref()) {
                let text = format!("{full} can be changed in the configuration file only");
                self.fault(&full, name.span().start, text);
                continue;
            }
            match keys.iter().find(|key| key.name == name.get_ref()) {
                Some(key) => match self.value(&full, value, key, into) {
                    Ok(()) => {
                        let line = self.line(name.span().start);
                        self.places.lines.insert(full, line);
                    }
                    Err(Refused) => {
                        self.places.refused.insert(full);
                    }
                },
                None if nested.contains(&&**name.get_ref()) => {}
                None => {
                    let known = keys.iter().map(|key| key.name).chain(nested.iter().copied());
                    let known: Vec<_> = known.filter(|name| !is_closed(name)).collect();
                    self.unknown(&full, name, &known);
                }
            }
        }
        let missing = |key: &&Key<T>| key.required && !found.table.contains_key(key.name);
        for key in keys.iter().filter(missing).filter(|key| !is_closed(key.name)) {
            let full = join(path, key.name);
            if self.all_is_toml() {
                self.fault(&full, found.offset, format!("{full} is missing: allowed are {}", key.allowed()));
            }
            self.places.refused.insert(full);
        }
    }

    fn unknown(&mut self, full: &str, name: &Spanned<std::borrow::Cow<'_, str>>, known: &[&str]) {
        if !self.all_is_toml() {
            return;
        }
        let word = name.get_ref();
        let plain = word.replace('-', "_").to_lowercase();
        let elsewhere = tables().into_iter().find(|(_, names)| names.contains(&plain.as_str()));
        let advice = if let Some(meant) = nearest(word, known.iter().copied()) {
            format!("did you mean {meant}?")
        } else if let Some((place, _)) = elsewhere {
            format!("it belongs {place}")
        } else {
            format!("known here are {}", known.join(", "))
        };
        self.fault(full, name.span().start, format!("{full} is unknown: {advice}"));
    }

    /// The table `[name]` in `within`, if there is one.
    pub fn table<'t>(&mut self, path: &str, within: &'t DeTable<'t>, name: &str) -> Option<Found<'t>> {
        self.as_table(&join(path, name), within.get(name)?)
    }

    /// The value of the key `full` as a table, if it is one.
    pub fn as_table<'t>(&mut self, full: &str, value: &'t Spanned<DeValue<'t>>) -> Option<Found<'t>> {
        let offset = value.span().start;
        match value.get_ref() {
            DeValue::Table(table) => return Some(Found { table, offset }),
            DeValue::Array(list) if list.iter().any(|item| item.get_ref().is_table()) => {
                self.fault(full, offset, format!("{full} is there once only: write [{}]", header(full)));
            }
            _ => {
                let shown = self.shown(value);
                self.fault(
                    full,
                    offset,
                    format!("{full} is {shown}: it is a table, write [{}]", header(full)),
                );
            }
        }
        None
    }

    /// The tables `[[name]]` in `within`, at most `most`.
    pub fn tables<'t>(
        &mut self,
        path: &str,
        within: &'t DeTable<'t>,
        name: &str,
        most: usize,
    ) -> Vec<Found<'t>> {
        let Some(value) = within.get(name) else { return Vec::new() };
        let full = join(path, name);
        let write = header(&full);
        let offset = value.span().start;
        let list = match value.get_ref() {
            DeValue::Array(list) => list,
            DeValue::Table(_) => {
                self.fault(&full, offset, format!("{full} can be there several times: write [[{write}]]"));
                return Vec::new();
            }
            _ => {
                let shown = self.shown(value);
                self.fault(
                    &full,
                    offset,
                    format!("{full} is {shown}: it is a list of tables, write [[{write}]]"),
                );
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let offset = item.span().start;
            if index == most {
                let count = list.len();
                self.fault(
                    &full,
                    offset,
                    format!("{full} is there {count} times: allowed are at most {most}"),
                );
                break;
            }
            match item.get_ref() {
                DeValue::Table(table) => found.push(Found { table, offset }),
                _ => {
                    let shown = self.shown(item);
                    self.fault(
                        &full,
                        offset,
                        format!("{full}[{index}] is {shown}: it is a table, write [[{write}]]"),
                    );
                }
            }
        }
        found
    }

    /// Puts a value into its field, or tells what is wrong with it.
    fn value<T>(
        &mut self,
        full: &str,
        value: &Spanned<DeValue<'_>>,
        key: &Key<T>,
        into: &mut T,
    ) -> Result<(), Refused> {
        let read = match (&key.field, value.get_ref()) {
            (Field::Number { from, to, zero, set, .. }, _) => number(value.get_ref())
                .filter(|number| (*from..=*to).contains(number) || (zero.is_some() && *number == 0.0))
                // Adding 0 makes -0 a 0.
                .map(|number| set(into, number + 0.0)),
            (Field::Whole { from, to, set, .. }, DeValue::Integer(_)) => whole(value.get_ref())
                .filter(|number| (*from..=*to).contains(number))
                .map(|number| set(into, number)),
            (Field::Switch { set, .. }, DeValue::Boolean(switch)) => {
                set(into, *switch);
                Some(())
            }
            (Field::Text { set, .. }, DeValue::String(text)) => {
                if let Err(why) = set(into, text) {
                    let shown = self.shown(value);
                    self.fault(full, value.span().start, format!("{full} is {shown}: {why}"));
                    return Err(Refused);
                }
                Some(())
            }
            (Field::Texts { most, check, set, .. }, DeValue::Array(list)) if list.len() <= *most => {
                let texts = self.texts(full, list, *check)?;
                set(into, texts);
                Some(())
            }
            (Field::Polygon { most, set, .. }, DeValue::Array(list)) if list.len() <= *most => {
                let points = self.points(full, list)?;
                if let Some(why) = polygon_fault(&points) {
                    self.fault(full, value.span().start, format!("{full} {why}"));
                    return Err(Refused);
                }
                set(into, points);
                Some(())
            }
            _ => None,
        };
        read.ok_or_else(|| {
            let shown = self.shown(value);
            self.fault(full, value.span().start, format!("{full} is {shown}: allowed are {}", key.allowed()));
            Refused
        })
    }

    fn texts(
        &mut self,
        full: &str,
        list: &[Spanned<DeValue<'_>>],
        check: fn(&str) -> Result<(), String>,
    ) -> Result<Vec<String>, Refused> {
        let mut texts = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let checked = match item.get_ref() {
                DeValue::String(text) => check(text).map(|()| texts.push(text.to_string())),
                _ => Err("it is no text, quotes are missing".into()),
            };
            if let Err(why) = checked {
                let shown = self.shown(item);
                self.fault(full, item.span().start, format!("{full}[{index}] is {shown}: {why}"));
            }
        }
        if texts.len() == list.len() { Ok(texts) } else { Err(Refused) }
    }

    fn points(&mut self, full: &str, list: &[Spanned<DeValue<'_>>]) -> Result<Vec<(f32, f32)>, Refused> {
        let mut points = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let coordinates: Option<Vec<f64>> = match item.get_ref() {
                DeValue::Array(pair) => pair.iter().map(|value| number(value.get_ref())).collect(),
                _ => None,
            };
            match coordinates.as_deref() {
                Some([x, y]) if [x, y].iter().all(|value| (0.0..=1.0).contains(*value)) => {
                    points.push(((x + 0.0) as f32, (y + 0.0) as f32));
                }
                _ => {
                    let shown = self.shown(item);
                    self.fault(
                        full,
                        item.span().start,
                        format!(
                            "{full}[{index}] is {shown}: a corner is [x, y], allowed are 0 to 1 for both"
                        ),
                    );
                }
            }
        }
        if points.len() == list.len() { Ok(points) } else { Err(Refused) }
    }

    /// A value as it is written, if that is short enough for a sentence.
    fn shown(&self, value: &Spanned<DeValue<'_>>) -> String {
        let Range { start, end } = value.span();
        let raw = self.text.get(start..end).unwrap_or_default();
        match value.get_ref() {
            DeValue::Table(_) => "a table".into(),
            DeValue::Array(list) if raw.len() > 40 || raw.contains('\n') => {
                format!("a list of {}", list.len())
            }
            _ => quoted(raw),
        }
    }
}

/// A value wasn't taken, and the fault is told.
struct Refused;

/// A finite number.
fn number(value: &DeValue) -> Option<f64> {
    let number = match value {
        DeValue::Float(float) => float.as_str().parse().ok()?,
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).ok()? as f64,
        _ => return None,
    };
    f64::is_finite(number).then_some(number)
}

fn whole(value: &DeValue) -> Option<u32> {
    let integer = value.as_integer()?;
    u32::try_from(i64::from_str_radix(integer.as_str(), integer.radix()).ok()?).ok()
}

/// The full key of `name` in the table `path`.
pub fn join(path: &str, name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let name = if bare { name.into() } else { format!("\"{name}\"") };
    let name = quoted(&name);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// A full key as a table's header has it: without the numbers.
fn header(full: &str) -> String {
    let mut inside = 0;
    let mut plain = String::new();
    for letter in full.chars() {
        match letter {
            '[' => inside += 1,
            ']' => inside -= 1,
            _ if inside == 0 => plain.push(letter),
            _ => {}
        }
    }
    plain
}
