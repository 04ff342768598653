//! Texts with a form of their own: names, addresses, origins. Each check says in words what is wrong.

use std::net::SocketAddr;

/// What the name of an LED, a relay or an input may be.
pub const OUTPUT_NAME: &str = "names of 1 to 32 letters (a to z), digits, `-` and `_`, not of digits alone";
/// What a camera's name may be.
pub const CAMERA_NAME: &str =
    "names of 1 to 32 letters (a to z), digits, `-` and `_`, not of digits alone and not `all`";
/// What a zone's name may be.
pub const ZONE_NAME: &str = "names of 1 to 64 characters that can be seen, without blanks at the ends";
/// What can be listened on.
pub const LISTEN: &str = "addresses in digits with a port: \"127.0.0.1:8000\" for this board alone, \
                          \"0.0.0.0:8000\" for everybody who can reach it, \"[::1]:8000\" for IPv6; \
                          port 0 takes any free one";
/// What an origin looks like.
pub const ORIGIN: &str = "lists of origins written scheme://host or scheme://host:port, \
                          such as [\"http://localhost:3000\"]";

/// What a name of the board is.
pub const NAME: &str = "lists of host names in small letters, such as [\"cctv.example.org\"]";

/// A name that is part of addresses (`/api/outputs/{name}/test`), where digits are a number.
pub fn output_name(text: &str) -> Result<(), String> {
    address_name(text).map_err(|why| format!("{why}allowed are {OUTPUT_NAME}"))
}

/// A camera's name is part of addresses (`/live/{name}`) and of file names.
pub fn camera_name(text: &str) -> Result<(), String> {
    let why = if text == "all" { Err("`/live/all` shows all cameras; ".into()) } else { address_name(text) };
    why.map_err(|why| format!("{why}allowed are {CAMERA_NAME}"))
}

fn address_name(text: &str) -> Result<(), String> {
    let fits = (1..=32).contains(&text.len())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
    if !fits {
        return Err(String::new());
    }
    // `/live/1` means the second camera.
    if text.chars().all(|letter| letter.is_ascii_digit()) {
        return Err("in an address it would be taken for a number; ".into());
    }
    Ok(())
}

/// A zone's name is shown in the picture and in reasons.
pub fn zone_name(text: &str) -> Result<(), String> {
    let fits = (1..=64).contains(&text.chars().count())
        && text.trim() == text
        && !text.chars().any(|letter| letter.is_control() || is_unseen(letter));
    if fits { Ok(()) } else { Err(format!("allowed are {ZONE_NAME}")) }
}

/// What shows nothing or turns the writing direction (Unicode's format characters, as far as texts have them): a name
/// with them looks like another, or like none.
fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// An address to listen on.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        let why = match text.rsplit_once(':') {
            _ if text.parse::<std::net::IpAddr>().is_ok() => "it has no port; ",
            Some((host, port))
                if port.parse::<u16>().is_ok() && host.contains(|c: char| c.is_alphabetic()) =>
            {
                "a name isn't looked up; "
            }
            _ => "",
        };
        format!("{why}allowed are {LISTEN}")
    })
}

/// An origin exactly as browsers send it (RFC 6454 §6.2): another spelling would never match.
pub fn origin(text: &str) -> Result<(), String> {
    let problem = |why: &str| Err(format!("{why}; allowed are {ORIGIN}"));
    if text == "*" {
        return problem("every site on the internet could then use the cameras as whoever is logged in here");
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return problem("it has no scheme");
    };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !scheme_fits {
        return problem("its scheme isn't one");
    }
    if rest.contains(['/', '?', '#']) {
        return problem("an origin ends after the host and port, without `/` or a path");
    }
    if rest.contains('@') {
        return problem("an origin has no user name");
    }
    if text.chars().any(|c| c.is_ascii_uppercase()) {
        return problem("browsers send an origin in small letters, this one would never match");
    }
    // The port comes after the last colon, unless that one is inside an IPv6 address's brackets.
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    if let Some(port) = port {
        if port.starts_with('0') || !port.chars().all(|c| c.is_ascii_digit()) || port.parse::<u16>().is_err()
        {
            return problem("its port isn't 1 to 65535");
        }
        if matches!((scheme, port), ("http", "80") | ("https", "443")) {
            return problem("browsers leave the usual port out, this one would never match");
        }
    }
    let host_fits = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            (1..=253).contains(&host.len())
                && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        }
    };
    if host_fits { Ok(()) } else { problem("its host isn't one") }
}

/// A host name exactly as browsers send it, without a port.
pub fn name(text: &str) -> Result<(), String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
    };
    if text == "*" || text.starts_with("*.") {
        return Err(format!("any name would then do; allowed are {NAME}"));
    }
    if text.len() <= 253 && text.split('.').all(label) { Ok(()) } else { Err(format!("allowed are {NAME}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_browsers_send_it() {
        for good in ["cctv.example.org", "cctv", "a_b.c-d.0", &format!("{}.de", "n".repeat(63))] {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        for bad in ["", "*", "*.org", "CCTV", "a b", "a:8000", "a..b", ".a", "a/", "tür", &"n".repeat(64)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn camera_names_fit_into_addresses() {
        for good in ["camera0", "front-door", "A_1", "x", &"n".repeat(32)] {
            assert_eq!(camera_name(good), Ok(()), "{good}");
        }
        for bad in ["", "front door", "tür", "a/b", "..", "a.b", "a%20", "7", "0123", "all", &"n".repeat(33)]
        {
            assert!(camera_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn zone_names_are_for_people() {
        for good in ["Tür", "front door", "7", &"ü".repeat(64)] {
            assert_eq!(zone_name(good), Ok(()), "{good}");
        }
        for bad in
            ["", "  ", " a", "a ", "a\nb", "\u{7}", "\u{200b}", "a\u{202e}b", "\u{feff}a", &"n".repeat(65)]
        {
            assert!(zone_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_bad_address_is_explained() {
        assert!(listen("0.0.0.0:8000").is_ok());
        assert!(listen("[::]:0").is_ok());
        assert!(listen("localhost:8000").unwrap_err().contains("isn't looked up"));
        assert!(listen("127.0.0.1").unwrap_err().contains("no port"));
        assert!(listen("::1").unwrap_err().contains("no port"));
        for bad in ["", ":8000", "127.0.0.1:65536", "256.0.0.1:80", "127.0.0.1:80 ", "8000"] {
            assert!(listen(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins_are_as_browsers_send_them() {
        for good in [
            "http://localhost:3000",
            "https://cam.example",
            "http://[::1]:3001",
            "http://[fd00::2]",
            "https://10.0.0.2:8443",
            "capacitor://localhost",
            "http://my_board.local:8080",
        ] {
            assert_eq!(origin(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("*", "every site"),
            ("", "no scheme"),
            ("null", "no scheme"),
            ("localhost:3000", "no scheme"),
            ("://x", "scheme isn't one"),
            ("1a://x", "scheme isn't one"),
            ("http://", "host isn't one"),
            ("http://localhost:3000/", "ends after"),
            ("http://a/b", "ends after"),
            ("http://Localhost", "small letters"),
            ("http://u:p@host", "user name"),
            ("http://a:0", "port isn't"),
            ("http://a:", "port isn't"),
            ("http://a:65536", "port isn't"),
            ("http://a:+80", "port isn't"),
            ("http://a:80", "usual port"),
            ("https://a:443", "usual port"),
            ("http://a b", "host isn't one"),
            ("http://*.example", "host isn't one"),
            ("http://[::1", "host isn't one"),
            ("http://[x]", "host isn't one"),
        ] {
            assert!(origin(bad).is_err_and(|text| text.contains(why)), "{bad}: {:?}", origin(bad));
        }
    }
}
