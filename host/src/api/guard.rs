//! Who may talk to a host on localhost: a web page of somebody else's may not. A foreign `Origin` is a page that was not
//! configured; a foreign `Host` is a name that somebody pointed at this machine (DNS rebinding).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::cors;
use crate::error::{Error, Kind, Result};

/// What the server is called, and which pages may call it.
#[derive(Clone, Debug)]
pub struct Names {
    hosts: BTreeSet<String>,
    origins: BTreeSet<String>,
}

impl Names {
    /// The address that is bound and the names of the loopback interface, and what was configured beside.
    pub fn new(bound: SocketAddr, hosts: &[String], origins: &[String]) -> Self {
        let mut all: BTreeSet<String> = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).into();
        all.insert(match bound {
            SocketAddr::V4(v4) => v4.ip().to_string(),
            SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
        });
        all.extend(hosts.iter().map(|host| host.to_ascii_lowercase()));
        Self { hosts: all, origins: origins.iter().map(|origin| origin.to_ascii_lowercase()).collect() }
    }

    /// Whether the request comes from a page of another origin, which was configured.
    fn check(&self, host: Option<&str>, origin: Option<&str>) -> Result<bool> {
        let Some(host) = host else {
            return Err(Error::invalid("no-host", "the request has no Host header; HTTP/1.1 requires one"));
        };
        let host = host.to_ascii_lowercase();
        if !self.hosts.contains(without_port(&host)) {
            return Err(Error::new(
                Kind::Forbidden,
                "foreign-host",
                format!("{host} is not a name of this server; add it to allowed_hosts in the configuration"),
            ));
        }
        let Some(origin) = origin else { return Ok(false) };
        let origin = origin.to_ascii_lowercase();
        if origin.split_once("://").is_some_and(|(_, authority)| authority == host) {
            return Ok(false);
        }
        if self.origins.contains(&origin) {
            return Ok(true);
        }
        Err(Error::new(
            Kind::Forbidden,
            "foreign-origin",
            format!("pages of {origin} may not call this server; add it to allowed_origins in the configuration"),
        ))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn check_names(names: &Names, request: &Request) -> Result<bool> {
    let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    // HTTP/1.1 allows an absolute target, whose authority then stands for Host.
    let host = request.uri().authority().map(axum::http::uri::Authority::as_str).or(text(header::HOST));
    names.check(host, text(header::ORIGIN))
}

pub(super) async fn check(State(names): State<Arc<Names>>, request: Request, next: Next) -> Result<Response> {
    if !check_names(&names, &request)? {
        return Ok(next.run(request).await);
    }
    if let Some(answer) = cors::preflight(request.method(), request.headers()) {
        return Ok(answer);
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    if let Some(origin) = origin {
        cors::allow(response.headers_mut(), origin);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_refused() {
        let bound = "127.0.0.1:7070".parse().unwrap();
        let names = Names::new(bound, &["Streams.example.com".into()], &["https://app.example.com".into()]);
        let code = |host, origin| names.check(host, origin).map_err(|error| error.code);
        for host in ["localhost:7070", "127.0.0.1:7070", "127.0.0.1", "[::1]:7070", "LOCALHOST", "streams.example.com"]
        {
            assert_eq!(code(Some(host), None), Ok(false), "{host}");
        }
        for host in ["evil.example.com", "127.0.0.1.example.com:7070", "", "localhost.evil:80"] {
            assert_eq!(code(Some(host), None), Err("foreign-host"), "{host}");
        }
        assert_eq!(code(None, None), Err("no-host"));
        assert_eq!(code(Some("localhost:7070"), Some("http://localhost:7070")), Ok(false));
        assert_eq!(code(Some("localhost:7070"), Some("https://app.example.com")), Ok(true));
        for origin in ["http://localhost:3000", "https://evil.example.com", "null"] {
            assert_eq!(code(Some("localhost:7070"), Some(origin)), Err("foreign-origin"), "{origin}");
        }
    }
}
