//! Random secrets, what is kept of them, and signatures. Knows not what they open.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// 256 bits: nobody guesses one, so that a plain hash of it may be kept and looked up.
const BYTES: usize = 32;

/// A new secret in hexadecimal digits.
pub fn random() -> String {
    hexadecimal(&random_bytes::<BYTES>())
}

/// Bytes that nobody can predict.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the kernel gives random bytes once it has booted");
    bytes
}

/// What is kept of a secret.
pub fn hash(secret: &str) -> String {
    hexadecimal(&Sha256::digest(secret))
}

/// A signature of `text` that only who has `key` can make.
pub fn sign(key: &str, text: &str) -> String {
    hexadecimal(&mac(key, text).finalize().into_bytes())
}

/// Whether `signature` is that of `text`. Takes the same time wherever it differs.
pub fn is_signed(key: &str, text: &str, signature: &str) -> bool {
    let (pairs, rest) = signature.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|pair| byte(*pair)).collect();
    rest.is_empty() && bytes.is_some_and(|bytes| mac(key, text).verify_slice(&bytes).is_ok())
}

fn mac(key: &str, text: &str) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.chain_update(text)
}

fn byte(pair: [u8; 2]) -> Option<u8> {
    let digit = |letter: u8| char::from(letter).to_digit(16);
    u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("texts take everything");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_never_the_same() {
        let (one, two) = (random(), random());
        assert_eq!(one.len(), 2 * BYTES);
        assert_ne!(one, two);
    }

    #[test]
    fn a_hash_is_sha256_in_hexadecimal_digits() {
        // FIPS 180-2, appendix B.1
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_signature_is_hmac_sha256_and_holds_for_its_text_and_key_alone() {
        // RFC 4231, test case 2
        let signature = sign("Jefe", "what do ya want for nothing?");
        assert_eq!(signature, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(is_signed("Jefe", "what do ya want for nothing?", &signature));
        for (key, text, signature) in [
            ("Jefe", "what do ya want for nothing!", signature.as_str()),
            ("jefe", "what do ya want for nothing?", &signature),
            ("Jefe", "what do ya want for nothing?", &signature[..62]),
            ("Jefe", "what do ya want for nothing?", &signature[..63]),
            ("Jefe", "what do ya want for nothing?", ""),
            ("Jefe", "what do ya want for nothing?", "ü"),
            ("Jefe", "what do ya want for nothing?", "zz"),
        ] {
            assert!(!is_signed(key, text, signature), "{key} {text} {signature}");
        }
    }
}
