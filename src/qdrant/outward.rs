//! HTTP clients for services that are not Qdrant: embedders, receivers of webhooks, Prometheus.
//!
//! They may be outside, behind the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` name; `NO_PROXY` says what is not. This
//! machine is never reached through a proxy: such variables are in the environment of every process of a corporate image, and
//! a proxy would look for `127.0.0.1` on its own machine. What is asked of Qdrant itself never goes through a proxy.

use reqwest::{ClientBuilder, NoProxy, Proxy};

/// What is on this machine.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// Makes a proxy for one scheme, or for all, of its URL.
type Scheme = fn(String) -> reqwest::Result<Proxy>;

/// The builder with the proxies of the environment. A variable that names no usable proxy is warned of and left out.
pub(crate) fn outward(builder: ClientBuilder) -> ClientBuilder {
    by_variables(builder, |name| std::env::var(name).ok())
}

fn by_variables(builder: ClientBuilder, variable: impl Fn(&str) -> Option<String>) -> ClientBuilder {
    let said = |name: &str| [name.to_owned(), name.to_lowercase()].iter().find_map(|name| variable(name)).filter(|value| !value.is_empty());
    let exempt = said("NO_PROXY").map_or_else(|| LOOPBACK.to_owned(), |more| format!("{LOOPBACK},{more}"));
    let proxies: [(&str, Scheme); 3] = [("HTTPS_PROXY", Proxy::https), ("HTTP_PROXY", Proxy::http), ("ALL_PROXY", Proxy::all)];
    proxies.into_iter().fold(builder.no_proxy(), |builder, (name, proxy)| match said(name).map(proxy) {
        None => builder,
        Some(Ok(proxy)) => builder.proxy(proxy.no_proxy(NoProxy::from_string(&exempt))),
        Some(Err(error)) => {
            tracing::warn!(%error, variable = name, "the proxy of the environment cannot be used");
            builder
        }
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request after the other, with this body.
    async fn server(body: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut head = [0; 2048];
                let _ = client.read(&mut head).await;
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                let _ = client.write_all(answer.as_bytes()).await;
            }
        });
        port
    }

    #[tokio::test]
    async fn the_environments_proxy_is_for_what_is_outside() {
        let (proxy, inside) = (server("the proxy").await, server("itself").await);
        let variable = |name: &str| match name {
            "HTTP_PROXY" => Some(format!("http://127.0.0.1:{proxy}")),
            "no_proxy" => Some("inside.invalid".to_owned()),
            _ => None,
        };
        let builder = reqwest::Client::builder().resolve("inside.invalid", ([127, 0, 0, 1], inside).into());
        let client = by_variables(builder, variable).build().expect("a client");
        let asked = async |url: String| client.get(url).send().await.expect("an answer").text().await.expect("a text");
        assert_eq!(asked("http://outside.invalid/".to_owned()).await, "the proxy");
        for host in ["127.0.0.1", "localhost", "inside.invalid"] {
            assert_eq!(asked(format!("http://{host}:{inside}/")).await, "itself", "{host}");
        }
    }

    #[tokio::test]
    async fn what_names_no_proxy_is_left_out() {
        let inside = server("itself").await;
        let client = by_variables(reqwest::Client::builder(), |name| (name == "ALL_PROXY").then(|| "what is this".to_owned()));
        let client = client.build().expect("a client");
        let answer = client.get(format!("http://127.0.0.1:{inside}/")).send().await.expect("an answer");
        assert_eq!(answer.text().await.expect("a text"), "itself");
    }
}
