//! The signature of a delivery: the sender knows the key, and it is not an old delivery replayed.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `sha256=` and the HMAC-SHA256 of the timestamp, a dot and the body, in hexadecimal.
pub(super) fn sign(key: &str, timestamp: &str, body: &[u8]) -> String {
    // A key of any length will do.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    digest.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
