//! A defect that a single frame brings out must cost that frame, not the camera.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; a panic in it becomes an error in words. What `work` had in its hands may be left half done:
/// the caller makes it anew.
///
/// # Errors
/// `work` panicked.
pub fn shielded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|cause| {
        let text = cause.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| cause.downcast_ref::<String>().cloned());
        format!("a defect of this program: {}", text.as_deref().unwrap_or("unknown"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_words() {
        assert_eq!(shielded(|| 7), Ok(7));
        let failed = shielded(|| -> u8 { std::panic::resume_unwind(Box::new("index out of bounds")) });
        assert_eq!(failed, Err("a defect of this program: index out of bounds".into()));
    }
}
