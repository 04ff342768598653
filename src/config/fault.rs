//! What is wrong with a configuration, in words and with the place. Knows no key and no range.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1; `None` where no line of a file is to blame (a missing file, the command line).
    pub line: Option<usize>,
    /// Counted from 1 in characters; only where the line isn't TOML.
    pub column: Option<usize>,
    /// The keys that it is about, in full, the one to change first; empty where it is about none.
    pub keys: Vec<String>,
    /// One sentence: which key, what it says, what is allowed.
    pub text: String,
}

impl Fault {
    /// A fault that no line of a file is to blame for.
    pub fn new(text: impl Into<String>) -> Self {
        Self { line: None, column: None, keys: Vec::new(), text: text.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: {}", self.text),
            (Some(line), None) => write!(f, "line {line}: {}", self.text),
            (None, _) => f.write_str(&self.text),
        }
    }
}

/// Everything that is wrong, in the order of the lines. Never empty. Shown with one line a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The file, if one was read.
    pub file: Option<PathBuf>,
    pub list: Vec<Fault>,
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self { file: None, list: vec![fault] }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if let Some(file) = &self.file {
                write!(f, "{}: ", file.display())?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// A stretch of the file as it can be shown in one line of a terminal: not too long, without characters that
/// would move the cursor or turn the writing direction, and without the password of an address.
pub fn quoted(raw: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::new();
    for (count, letter) in without_password(raw).chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        match letter {
            '"' | '\'' | '\\' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    shown
}

/// `rtsp://user:secret@host/?pwd=secret` without what is between `//` and `@` and without what follows `?`: faults end in
/// logs.
fn without_password(raw: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = raw.split_once("://") else { return Cow::Borrowed(raw) };
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("***@", rest));
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?***"));
    Cow::Owned(format!("{scheme}://{user}{rest}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_in_one_short_line_without_control_characters() {
        assert_eq!(quoted(r#""C:\x y's""#), r#""C:\x y's""#);
        assert_eq!(quoted("a\nb\x1b[2J\u{202e}"), "a\\nb\\u{1b}[2J\\u{202e}");
        assert_eq!(quoted("rtsp://me:p@ss@10.0.0.2/1"), "rtsp://***@10.0.0.2/1");
        assert_eq!(quoted("http://cam/a?user=me&pwd=ss"), "http://cam/a?***");
        assert_eq!(quoted(&"é".repeat(100)), "é".repeat(60) + "…");
    }

    #[test]
    fn each_fault_has_a_line_with_the_file_in_front() {
        let faults = Faults {
            file: Some("c.toml".into()),
            list: vec![
                Fault { line: Some(3), ..Fault::new("a is 0") },
                Fault { line: Some(4), column: Some(7), ..Fault::new("no") },
            ],
        };
        assert_eq!(faults.to_string(), "c.toml: line 3: a is 0\nc.toml: line 4, column 7: no");
        assert_eq!(Faults::from(Fault::new("x")).to_string(), "x");
    }
}
