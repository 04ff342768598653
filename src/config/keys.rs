//! What is to be known of a key: what it means, what it may be, where it is kept, and how a change acts.
//!
//! Knows no key by name; those are `tables`'.

use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What a running service does when a key has changed in its file and it is told to read it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The next frame or request has it.
    AtOnce,
    /// The camera is closed and opened again; the others go on.
    ReopensCamera,
    /// Nothing until the program is started again.
    Restart,
}

impl Effect {
    /// What "a change" does, for the documents and the log.
    pub fn words(self) -> &'static str {
        match self {
            Self::AtOnce => "acts at once",
            Self::ReopensCamera => "reopens the camera",
            Self::Restart => "acts after a restart",
        }
    }
}

/// One key of the table that is kept in a `T`.
pub struct Key<T: 'static> {
    pub name: &'static str,
    pub effect: Effect,
    /// Must be written: there is no default.
    pub required: bool,
    /// Unit of the number; empty: none.
    pub unit: &'static str,
    /// What it means, in whole sentences.
    pub about: &'static str,
    pub field: Field<T>,
}

/// What a key may be, and where it is kept.
pub enum Field<T: 'static> {
    /// A finite number in `from..=to`. With `zero`, 0 is allowed too and means that.
    Number {
        from: f64,
        to: f64,
        zero: Option<&'static str>,
        get: fn(&T) -> f64,
        set: fn(&mut T, f64),
    },
    /// A whole number in `from..=to`.
    Whole {
        from: u32,
        to: u32,
        get: fn(&T) -> u32,
        set: fn(&mut T, u32),
    },
    Switch {
        get: fn(&T) -> bool,
        set: fn(&mut T, bool),
    },
    /// `set` says what is wrong and what is allowed.
    Text {
        allowed: &'static str,
        get: fn(&T) -> String,
        set: fn(&mut T, &str) -> Result<(), String>,
    },
    /// At most `most` texts, each of which passes `check`.
    Texts {
        allowed: &'static str,
        most: usize,
        check: fn(&str) -> Result<(), String>,
        get: fn(&T) -> &[String],
        set: fn(&mut T, Vec<String>),
    },
    /// 3 to `most` corners, each of two numbers in 0..=1.
    Polygon {
        most: usize,
        get: fn(&T) -> &[(f32, f32)],
        set: fn(&mut T, Vec<(f32, f32)>),
    },
}

impl<T> Key<T> {
    /// What is allowed, to follow "allowed are".
    pub fn allowed(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        match self.field {
            Field::Number { from, to, zero: None, .. } => format!("{from} to {to}{unit}"),
            Field::Number { from, to, zero: Some(means), .. } => {
                format!("{from} to {to}{unit}, and 0: {means}")
            }
            Field::Whole { from, to, .. } => format!("whole numbers from {from} to {to}{unit}"),
            Field::Switch { .. } => "true and false".into(),
            Field::Text { allowed, .. } => allowed.into(),
            Field::Texts { allowed, most, .. } => format!("{allowed}, at most {most} of them"),
            Field::Polygon { most, .. } => format!(
                "lists of 3 to {most} corners [x, y] with x and y from 0 to 1, such as [[0, 0.5], [1, 0.5], [1, 1]]"
            ),
        }
    }
}

impl<T> Field<T> {
    /// The value as it is written in the file.
    pub fn shown(&self, section: &T) -> String {
        match self {
            Self::Number { get, .. } => get(section).to_string(),
            Self::Whole { get, .. } => get(section).to_string(),
            Self::Switch { get, .. } => get(section).to_string(),
            Self::Text { get, .. } => toml_text(&get(section)),
            Self::Texts { get, .. } => {
                let texts: Vec<_> = get(section).iter().map(|text| toml_text(text)).collect();
                format!("[{}]", texts.join(", "))
            }
            Self::Polygon { get, .. } => {
                let points: Vec<_> = get(section).iter().map(|(x, y)| format!("[{x}, {y}]")).collect();
                format!("[{}]", points.join(", "))
            }
        }
    }
}

impl<T> Field<T> {
    /// The value as it is in JSON.
    pub fn json(&self, section: &T) -> Value {
        match self {
            Self::Number { get, .. } => short(get(section)),
            Self::Whole { get, .. } => get(section).into(),
            Self::Switch { get, .. } => get(section).into(),
            Self::Text { get, .. } => get(section).into(),
            Self::Texts { get, .. } => get(section).into(),
            Self::Polygon { get, .. } => {
                get(section).iter().map(|(x, y)| json!([short(decimal(*x)), short(decimal(*y))])).collect()
            }
        }
    }
}

/// 5 rather than 5.0, as JavaScript writes it.
fn short(number: f64) -> Value {
    let whole = number as i64;
    if whole as f64 == number { whole.into() } else { number.into() }
}

/// The number that somebody means who writes an `f32` down: 0.001 rather than 0.0010000000474974513.
pub fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// A basic string (TOML 1.0, "String").
fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_short_in_json_as_somebody_writes_them() {
        let numbers: Vec<_> = [5.0, 0.7, 0.0, -2.5].into_iter().map(|n| short(n).to_string()).collect();
        assert_eq!(numbers, ["5", "0.7", "0", "-2.5"]);
        let polygon: Field<()> =
            Field::Polygon { most: 3, get: |()| &[(0.565, 0.0), (1.0, 0.1)], set: |(), _| {} };
        assert_eq!(polygon.json(&()).to_string(), "[[0.565,0],[1,0.1]]");
    }

    #[test]
    fn texts_are_quoted_as_toml_reads_them() {
        for text in ["plain", "a \"b\" \\ 'c'", "tab\tnewline\n", "\u{7f}ü"] {
            let read: toml::Table = format!("x = {}", toml_text(text)).parse().unwrap();
            assert_eq!(read["x"].as_str(), Some(text));
        }
    }
}
