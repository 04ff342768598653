//! How libjpeg's errors and warnings become [`JpegError`]. The only FFI of its own: a callback table.

use super::JpegError;
use mozjpeg_sys as ffi;
use std::any::Any;
use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Bytes between the last block and the end marker that are still padding. Some webcams leave a few; a picture
/// whose bit stream went out of step leaves hundreds.
const MAX_EXTRANEOUS: c_int = 64;

/// What libjpeg unwinds with when it gives up.
struct GivenUp {
    code: c_int,
    text: String,
}

/// Runs libjpeg, which leaves by unwinding when it gives up. The panic hook isn't called for that, so nothing is
/// printed; a true panic inside the crate still costs one picture only.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, JpegError>) -> Result<T, JpegError> {
    // Nothing that `work` had borrowed mutably outlives it, so no broken state can be seen afterwards.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(given_up(payload)))
}

fn given_up(payload: Box<dyn Any + Send>) -> JpegError {
    match payload.downcast::<GivenUp>() {
        Ok(given_up) if given_up.code == ffi::JWRN_JPEG_EOF as c_int => JpegError::Truncated,
        Ok(given_up) if is_warning(given_up.code) => JpegError::Corrupt(given_up.text),
        Ok(given_up) => JpegError::Garbage(given_up.text),
        Err(other) => match other.downcast::<String>() {
            Ok(text) => JpegError::Garbage(*text),
            Err(_) => JpegError::Garbage("libjpeg gave up".into()),
        },
    }
}

/// Warnings that mean that some of the picture's data are wrong or missing. The others are matters of form.
fn is_warning(code: c_int) -> bool {
    [
        ffi::JWRN_HIT_MARKER,
        ffi::JWRN_HUFF_BAD_CODE,
        ffi::JWRN_MUST_RESYNC,
        ffi::JWRN_BOGUS_PROGRESSION,
        ffi::JWRN_EXTRANEOUS_DATA,
        ffi::JWRN_JPEG_EOF,
    ]
    .iter()
    .any(|&warning| warning as c_int == code)
}

/// libjpeg's error manager with our two answers: an error unwinds, and so does a warning about damaged data.
pub fn error_manager() -> ffi::jpeg_error_mgr {
    // SAFETY: the structure is plain C data for which all zeros is valid (null pointers, absent functions);
    // jpeg_std_error only fills it in.
    let mut manager: ffi::jpeg_error_mgr = unsafe {
        let mut manager = std::mem::zeroed();
        ffi::jpeg_std_error(&mut manager);
        manager
    };
    manager.error_exit = Some(error_exit);
    manager.emit_message = Some(emit_message);
    manager
}

extern "C-unwind" fn error_exit(info: &mut ffi::jpeg_common_struct) {
    give_up(info)
}

/// Called for warnings (level -1) and traces (0 and up). Nothing is printed.
extern "C-unwind" fn emit_message(info: &mut ffi::jpeg_common_struct, level: c_int) {
    if level >= 0 {
        return;
    }
    // SAFETY: libjpeg calls with its own error manager, which lives as long as the decoder. Parameter 0 of the
    // message is an integer or unset; any bit pattern is a valid integer.
    let (code, parameter) =
        unsafe { ((*info.err).msg_code, (*info.err).msg_parm._bindgen_data_[0] as c_int) };
    let padding = code == ffi::JWRN_EXTRANEOUS_DATA as c_int && parameter <= MAX_EXTRANEOUS;
    if is_warning(code) && !padding {
        give_up(info)
    }
}

fn give_up(info: &mut ffi::jpeg_common_struct) -> ! {
    // SAFETY: as above; the message table holds `last_jpeg_message + 1` static C strings.
    let (code, text) = unsafe {
        let manager = &*info.err;
        let known = (0..=manager.last_jpeg_message).contains(&manager.msg_code);
        let text = match known && !manager.jpeg_message_table.is_null() {
            true => *manager.jpeg_message_table.add(manager.msg_code as usize),
            false => std::ptr::null(),
        };
        let text = if text.is_null() { c"libjpeg gave up" } else { CStr::from_ptr(text.cast()) };
        (manager.msg_code, text.to_string_lossy())
    };
    // The texts have places for numbers, which say little to people.
    let text: Vec<&str> = text.split_whitespace().filter(|word| !word.contains('%')).collect();
    resume_unwind(Box::new(GivenUp { code, text: text.join(" ") }))
}
