//! Which boot of the machine this is, and how long ago it was.

use std::fs;

/// The kernel's number of this boot, and seconds since it, suspended time among them; `None` where the kernel doesn't
/// tell (proc(5): `/proc/sys/kernel/random/boot_id`, `/proc/uptime`).
pub fn now() -> Option<(String, f64)> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let uptime = fs::read_to_string("/proc/uptime").ok()?;
    Some((id.trim().into(), uptime.split_whitespace().next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_has_a_number_and_gets_older() {
        let (id, uptime) = now().unwrap();
        let (same, later) = now().unwrap();
        assert_eq!((id.len(), &id), (36, &same));
        assert!(uptime > 0.0 && later >= uptime);
    }
}
