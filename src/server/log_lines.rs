//! The last lines of the log, in words that may leave the machine.

use super::App;
use super::condition::without_folders;
use super::problem::Problem;
use super::query::Parameters;
use crate::service::clock::rfc3339;
use crate::service::logging;
use crate::service::recent::{KEPT, Line};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /api/log`
pub async fn list(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let most = parameters.limit()?.unwrap_or(KEPT);
    let cameras: Vec<&str> = app.context.appliance.cameras.iter().map(|camera| camera.name()).collect();
    let lines: Vec<Value> = logging::recent(most).iter().map(|line| described(line, &cameras)).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(json!({ "lines": lines }))).into_response())
}

fn described(line: &Line, cameras: &[&str]) -> Value {
    // Lines of a camera begin with its name, whether they have a field for it or not.
    let begins = |camera: &&&str| line.text.strip_prefix(**camera).is_some_and(|rest| rest.starts_with(": "));
    let camera = line.camera.as_deref().or_else(|| cameras.iter().find(begins).copied());
    json!({
        "time": rfc3339(line.time),
        "level": line.level.as_str(),
        "text": without_folders(&line.text),
        "camera": camera,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;
    use std::time::UNIX_EPOCH;

    fn line(text: &str, camera: Option<&str>) -> Line {
        Line { time: UNIX_EPOCH, level: Level::Warn, text: text.into(), camera: camera.map(Into::into) }
    }

    #[test]
    fn a_line_names_its_camera_and_no_folder() {
        let cameras = ["yard", "yard 2"];
        let told = described(&line("yard 2: /etc/edge/x.so is cut off", None), &cameras);
        assert_eq!(
            told,
            json!({"time": "1970-01-01T00:00:00.000Z", "level": "WARN", "text": "yard 2: x.so is cut off", "camera": "yard 2"})
        );
        assert_eq!(described(&line("yards: none", None), &cameras)["camera"], Value::Null);
        assert_eq!(described(&line("lost", Some("door")), &cameras)["camera"], "door");
    }
}
