//! What a caller is told when something can't be done: a status, a short fixed text for programs and a
//! sentence for people. Never a path of this machine, never a trace.

use crate::appliance::AnalysisBusy;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::io;

/// What is stuck now may go on in so many seconds.
const BUSY_RETRY_SECONDS: u32 = 5;

/// An error reply, `{"error": ..., "detail": ...}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub status: StatusCode,
    /// Short and always the same for the same kind of problem.
    pub error: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
    /// When another attempt makes sense, in seconds.
    pub retry_after: Option<u32>,
}

impl Problem {
    pub fn new(status: StatusCode, error: &'static str, detail: impl Into<String>) -> Self {
        Self { status, error, detail: detail.into(), retry_after: None }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }

    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "this address exists, but not with this method; the Allow header names those that it has",
        )
    }

    /// A value in the query that can't be used.
    pub fn bad_value(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad value", detail)
    }

    /// The guide's error for a camera that can't be opened.
    pub fn camera_not_available(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Camera not available", detail)
    }

    /// A file that can't be written.
    pub fn not_saved(error: &'static str, why: &io::Error) -> Self {
        use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let full = matches!(why.kind(), StorageFull | QuotaExceeded);
        let detail = match why.kind() {
            StorageFull | QuotaExceeded => "the disk of the state folder is full: make room and try again",
            ReadOnlyFilesystem => "the state folder is on a disk that can only be read",
            PermissionDenied => "the program may not write to its state folder",
            _ => "the state folder can't be written to; the log says why",
        };
        let status = if full { StatusCode::INSUFFICIENT_STORAGE } else { StatusCode::INTERNAL_SERVER_ERROR };
        Self::new(status, error, detail)
    }

    pub fn camera_stopped() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Camera stopped",
            "the camera was stopped by POST /stop; POST /start starts it again",
        )
    }

    pub fn no_picture() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "No picture",
            "no frames come from the camera; GET /status says why",
        )
    }

    pub fn analysis_busy(error: &AnalysisBusy) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Analysis is busy", error.to_string())
            .retry_after(BUSY_RETRY_SECONDS)
    }

    /// For replies whose only content is their status.
    pub fn of_status(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::BAD_REQUEST => "the request is malformed",
            StatusCode::UPGRADE_REQUIRED => "this address speaks WebSocket only",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "the request's body must be JSON",
            StatusCode::PAYLOAD_TOO_LARGE => "the request's body is too large",
            _ if status.is_server_error() => "the server failed; its log says why",
            _ => "the request can't be answered",
        };
        Self::new(status, status.canonical_reason().unwrap_or("Error"), detail)
    }

    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.error, "detail": self.detail }));
        let mut response = (self.status, body).into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let status = |code| Problem::not_saved("Not saved", &io::Error::from_raw_os_error(code)).status;
        assert_eq!(status(libc::ENOSPC), StatusCode::INSUFFICIENT_STORAGE);
        assert_eq!(status(libc::EDQUOT), StatusCode::INSUFFICIENT_STORAGE);
        assert_eq!(status(libc::EROFS), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(status(libc::EIO), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
