//! What listens at a port that is not the admin port, and where the admin port may be instead.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use serde_json::Value;

/// It is only for a sentence.
const PATIENCE: Duration = Duration::from_secs(2);
/// `listen.admin` where nothing is said.
const USUAL_PORT: u16 = 7335;

/// `Qdrant 1.18.2 answers there, …; the admin port …`
pub(super) async fn described(client: &Client, url: &str, status: StatusCode) -> String {
    let there = match asked(client, &format!("{url}/")).await {
        Some(answer) if answer["title"].as_str().is_some_and(|title| title.contains("qdrant")) => {
            let version = answer["version"].as_str().map_or_else(String::new, |version| format!(" {version}"));
            format!("Qdrant{version} answers there, so it is Qdrant itself or a data port of Pointsman")
        }
        _ => format!("what listens there answered {}", status.as_u16()),
    };
    format!("{there}\n  {}", advice(client, url).await)
}

async fn advice(client: &Client, url: &str) -> String {
    let usual = Url::parse(url).ok().and_then(|mut usual| {
        usual.set_port(Some(USUAL_PORT)).ok()?;
        Some(usual.as_str().trim_end_matches('/').to_owned())
    });
    if let Some(usual) = usual.filter(|usual| usual != url)
        && asked(client, &format!("{usual}/v1/status")).await.is_some_and(|status| status["revision"].is_u64())
    {
        return format!("a Pointsman answers at its usual admin port: --admin {usual}");
    }
    format!("name the admin port with --admin: it is listen.admin of the configuration, {USUAL_PORT} unless that says otherwise")
}

async fn asked(client: &Client, url: &str) -> Option<Value> {
    let answer = client.get(url).timeout(PATIENCE).send().await.ok()?;
    serde_json::from_str(&answer.text().await.ok()?).ok()
}
