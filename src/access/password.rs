//! Passwords: which are good enough, how one is made, and what is kept of it. Knows not whose they are.

use super::secret;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

/// Letters and digits that nobody takes for one another, and none that keyboards have in different places… but `y`
/// and `z`, which would be missed.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// Four groups of four of 31 letters: 79 bits.
const GROUPS: usize = 4;
const GROUP: usize = 4;

/// Length is what makes a password strong (NIST SP 800-63B, 5.1.1); the upper limit bounds the work.
const LETTERS_ALLOWED: std::ops::RangeInclusive<usize> = 10..=256;

/// A new password, easy to read and to type: `k7mq-wx3p-9rtd-hv2n`.
pub fn made() -> String {
    let groups = (0..GROUPS).map(|_| (0..GROUP).map(|_| letter()).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// Each letter is as likely as each other: bytes beyond the last whole round of the alphabet are thrown again.
fn letter() -> char {
    let most = 256 / LETTERS.len() * LETTERS.len();
    loop {
        let [byte] = secret::random_bytes::<1>();
        if usize::from(byte) < most {
            return LETTERS[usize::from(byte) % LETTERS.len()].into();
        }
    }
}

/// Whether a password is good enough, or why not, in words.
pub fn check(password: &str) -> Result<(), String> {
    let letters = password.chars().count();
    if !LETTERS_ALLOWED.contains(&letters) {
        let (least, most) = (LETTERS_ALLOWED.start(), LETTERS_ALLOWED.end());
        return Err(format!("a password has {least} to {most} characters, this one has {letters}"));
    }
    if password.chars().any(char::is_control) {
        return Err("a password has no control characters, such as line ends".into());
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 4 {
        return Err("a password has at least 4 different characters".into());
    }
    Ok(())
}

/// What is kept of a password: argon2id with a salt of its own, in the PHC string format. Takes some ten
/// milliseconds and 19 MiB, and shall.
pub fn hash(password: &str) -> String {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.expect("the standard parameters fit and the kernel gives a salt").to_string()
}

/// Whether it is the password of which `hash` was kept. Takes as long as making the hash.
pub fn is_right(password: &str, hash: &str) -> bool {
    // Nothing longer was ever kept.
    password.len() <= 4 * LETTERS_ALLOWED.end()
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_password_is_good_enough_and_never_the_same() {
        let (one, two) = (made(), made());
        assert_eq!(check(&one), Ok(()));
        assert_eq!(one.len(), 19);
        assert_ne!(one, two);
    }

    #[test]
    fn each_letter_comes_up() {
        let mut seen: Vec<char> = (0..2000).map(|_| letter()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), LETTERS.len());
    }

    #[test]
    fn short_long_and_dull_passwords_are_refused_in_words() {
        assert_eq!(check("zehn Zeich"), Ok(()));
        assert_eq!(check("übergrößer"), Ok(()));
        for bad in ["", "ninechars", &"long pass ".repeat(26), "aaaaaaaaaaaa", "abcabcabcabc", "line\nend of"]
        {
            assert!(check(bad).unwrap_err().starts_with("a password"), "{bad}");
        }
    }

    #[test]
    fn only_the_right_password_is_right() {
        let kept = hash("correct horse");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(is_right("correct horse", &kept));
        assert!(!is_right("correct horsf", &kept) && !is_right("", &kept));
        assert!(!is_right("correct horse", "") && !is_right("correct horse", "$argon2id$"));
        assert_ne!(kept, hash("correct horse"), "each has its salt");
    }
}
