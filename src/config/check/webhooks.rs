//! `webhooks`.

use std::collections::HashSet;

use http::{HeaderName, header};

use super::Faults;
use super::upstreams::is_header_value;
use crate::config::path::Path;
use crate::config::{Period, WebhookConfig};

const MAX_NAME: usize = 64;
/// Each has a task of its own in the controller.
const MAX_WEBHOOKS: usize = 32;
/// What Pointsman itself says about a delivery.
const OWN_HEADERS: &str = "x-pointsman-";

pub(super) fn check(webhooks: &[WebhookConfig], faults: &mut Faults) {
    if webhooks.len() > MAX_WEBHOOKS {
        faults.at("webhooks", format!("there can be {MAX_WEBHOOKS} of them, not {}", webhooks.len()));
    }
    let mut names = HashSet::new();
    for (index, webhook) in webhooks.iter().enumerate() {
        let at = Path::of("webhooks").index(index);
        if !names.insert(&webhook.name) {
            faults.0.push((at.key("name"), format!("`{}` appears twice", webhook.name)));
        }
        check_one(webhook, &at, faults);
    }
}

fn check_one(webhook: &WebhookConfig, at: &Path, faults: &mut Faults) {
    let mut fault = |at: Path, reason: String| faults.0.push((at, reason));
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if webhook.name.is_empty() || webhook.name.len() > MAX_NAME || !webhook.name.bytes().all(legal) {
        fault(at.key("name"), format!("a name has 1 to {MAX_NAME} of A-Z a-z 0-9 _ -"));
    }
    if webhook.events.is_empty() {
        fault(at.key("events"), "is empty: nothing would ever be sent".to_owned());
    }
    let timeouts = Period::from_millis(100)..=Period::from_secs(120);
    if !timeouts.contains(&webhook.timeout) {
        fault(at.key("timeout"), format!("must be between {} and {}, not {}", timeouts.start(), timeouts.end(), webhook.timeout));
    }
    if webhook.secret_env.as_ref().is_some_and(|name| name.is_empty() || name.contains(['=', '\0'])) {
        fault(at.key("secret_env"), "is not the name of an environment variable".to_owned());
    }
    for (name, value) in &webhook.headers {
        let at = at.key("headers").key(name);
        match name.parse::<HeaderName>() {
            Err(_) => fault(at, "cannot be the name of a header".to_owned()),
            Ok(name) if name.as_str().starts_with(OWN_HEADERS) || is_framing(&name) => fault(at, "is set by Pointsman itself".to_owned()),
            Ok(_) if !is_header_value(value) => fault(at, "must be visible ASCII, and not empty: it travels in a header".to_owned()),
            Ok(_) => {}
        }
    }
}

fn is_framing(name: &HeaderName) -> bool {
    [header::HOST, header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION].contains(name)
}
