//! `edge-cctv check-config FILE`: is this configuration in order?

use crate::config::{self, Config, Faults};
use std::path::Path;
use std::process::ExitCode;

/// `EX_CONFIG` of sysexits.h. The unit's `RestartPreventExitStatus=78` keeps systemd from trying again.
pub const CONFIG_FAULT: u8 = 78;

/// Tells every fault, one a line on standard error, and exits with 78; or says that there is none.
pub fn run(path: &Path) -> ExitCode {
    match check(path) {
        Ok(fine) => {
            println!("{fine}");
            ExitCode::SUCCESS
        }
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::from(CONFIG_FAULT)
        }
    }
}

fn check(path: &Path) -> Result<String, Faults> {
    let Config { cameras, server, .. } = config::load(path)?;
    let count = match cameras.len() {
        1 => "1 camera".into(),
        count => format!("{count} cameras"),
    };
    Ok(format!("{} is fine: {count}, listening on {}", path.display(), server.listen))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(content: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, content).unwrap();
        let without_folder = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
        check(&path).map(without_folder).map_err(|faults| without_folder(faults.to_string()))
    }

    #[test]
    fn a_file_in_order_is_summed_up() {
        assert_eq!(checked(b""), Ok("c.toml is fine: 1 camera, listening on 127.0.0.1:8000".into()));
        let two =
            b"[[camera]]\nsource = 'demo'\n[[camera]]\nsource = 'a.avi'\n[server]\nlisten = '[::1]:1'\n";
        assert_eq!(checked(two), Ok("c.toml is fine: 2 cameras, listening on [::1]:1".into()));
    }

    #[test]
    fn every_fault_has_its_line_with_the_file_in_front() {
        assert_eq!(
            checked(b"[stream]\nquality = 0\nfps = -1\n"),
            Err("c.toml: line 2: stream.quality is 0: allowed are whole numbers from 1 to 100\n\
                 c.toml: line 3: stream.fps is -1: allowed are 0.1 to 240 frames a second, and 0: as many as the camera gives"
                .into())
        );
    }

    #[test]
    fn what_is_no_text_file_is_told_in_words() {
        assert!(checked(b"# fine\n\xff").unwrap_err().starts_with("c.toml: line 2: the file isn't UTF-8"));
        assert!(checked(&vec![b'#'; (1 << 20) + 1]).unwrap_err().contains("bigger than 1 MiB"));
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path()).unwrap_err().to_string().contains("this is a folder"));
        let missing = check(&folder.path().join("no.toml")).unwrap_err().to_string();
        assert!(missing.ends_with("no.toml: there is no such file"), "{missing}");
    }
}
