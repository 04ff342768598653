//! What was changed on the page, as one document: JSON for callers, TOML for the file. Knows no key.

use serde_json::{Map, Value};

/// The largest whole number that every `f64` up to it can tell from its neighbours (2^53).
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A JSON object without nulls outside lists and without empty objects in objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document(Map<String, Value>);

impl Document {
    /// # Errors
    /// It isn't TOML.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let table: toml::Table = text.parse()?;
        Ok(Self(table.into_iter().map(|(key, value)| (key, to_json(value))).collect()))
    }

    /// As TOML.
    pub fn text(&self) -> String {
        let table: toml::Table = self.0.iter().map(|(key, value)| (key.clone(), to_toml(value))).collect();
        toml::to_string(&table).expect("tables, lists, texts and numbers can be written")
    }

    /// Takes a merge patch (RFC 7396): null takes away, objects are merged, and everything else takes the place of what
    /// was there.
    pub fn merge(&mut self, patch: Map<String, Value>) {
        merge(&mut self.0, patch);
    }

    pub fn json(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                target.remove(&key);
            }
            Value::Object(patch) => {
                let mut merged = match target.remove(&key) {
                    Some(Value::Object(there)) => there,
                    _ => Map::new(),
                };
                merge(&mut merged, patch);
                // Nothing said about a table is as if it weren't there.
                if !merged.is_empty() {
                    target.insert(key, Value::Object(merged));
                }
            }
            value => {
                target.insert(key, value);
            }
        }
    }
}

fn to_toml(value: &Value) -> toml::Value {
    match value {
        // In lists alone. TOML has none; what is no number is refused wherever a value is read.
        Value::Null => toml::Value::Float(f64::NAN),
        Value::Bool(switch) => toml::Value::Boolean(*switch),
        Value::Number(number) => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            // JSON knows no difference between 5 and 5.0.
            let whole = float.fract() == 0.0 && float.abs() <= LARGEST_EXACT;
            match number.as_i64().or(whole.then_some(float as i64)) {
                Some(integer) => toml::Value::Integer(integer),
                None => toml::Value::Float(float),
            }
        }
        Value::String(text) => toml::Value::String(text.clone()),
        Value::Array(list) => toml::Value::Array(list.iter().map(to_toml).collect()),
        Value::Object(map) => {
            toml::Value::Table(map.iter().map(|(key, value)| (key.clone(), to_toml(value))).collect())
        }
    }
}

fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::Boolean(switch) => switch.into(),
        toml::Value::Integer(integer) => integer.into(),
        // Infinite ones are null, and no value of ours.
        toml::Value::Float(float) => float.into(),
        toml::Value::String(text) => text.into(),
        toml::Value::Datetime(datetime) => datetime.to_string().into(),
        toml::Value::Array(list) => list.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, to_json(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(start: Value, patch: Value) -> Value {
        let (Value::Object(start), Value::Object(patch)) = (start, patch) else { panic!("objects") };
        let mut document = Document(start);
        document.merge(patch);
        document.json()
    }

    #[test]
    fn patches_are_merged_as_rfc_7396_says() {
        // From its appendix A, those that have objects on both sides.
        for (start, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"a": "foo"}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}})),
        ] {
            assert_eq!(merged(start.clone(), patch.clone()), result, "{start} with {patch}");
        }
    }

    #[test]
    fn a_table_that_says_nothing_is_left_out() {
        let there = json!({"camera": {"yard": {"motion": {"sensitivity": 0.7}}}});
        let patch = json!({"camera": {"yard": {"motion": {"sensitivity": null}}}, "stream": {}});
        assert_eq!(merged(there.clone(), patch), json!({}));
        let none = json!({"camera": {"yard": {"zone": []}}});
        assert_eq!(merged(none.clone(), json!({})), none, "no zones are something else than nothing said");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let Value::Object(map) = json!({
            "stream": {"quality": 70, "fps": 2.5},
            "arming": {"schedule": ["daily 22:00-06:00"], "time_zone": "Europe/Vienna"},
            "camera": {
                "yard": {
                    "autostart": false,
                    "zone": [
                        {"name": "a \"b\"\nc", "kind": "alert", "points": [[0, 0.5], [1, 0.5], [1, 1]]},
                        {"name": "ü", "kind": "privacy", "points": [[0, 0], [0.1, 0], [0.1, 0.1]]},
                    ],
                },
                "door": {"zone": []},
            },
        }) else {
            panic!("an object")
        };
        let document = Document(map);
        assert_eq!(Document::parse(&document.text()).unwrap(), document, "{}", document.text());
    }

    #[test]
    fn numbers_are_whole_where_they_can_be_and_odd_lists_can_be_written_too() {
        let Value::Object(map) =
            json!({"a": [70.0, 1e300, 18_446_744_073_709_551_615_u64, null, {"b": null}]})
        else {
            panic!("an object")
        };
        let text = Document(map).text();
        assert!(text.starts_with("a = [70, 1"), "{text}");
        assert!(text.contains("nan, { b = nan }]"), "{text}");
    }
}
