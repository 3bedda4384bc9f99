//! A page of another origin may call the host where that was configured, and then its browser is told so; elsewhere it is
//! refused, and told nothing.
#![allow(clippy::unwrap_used, reason = "a test fails where it must")]

use kafka_do_tests::{Host, HostOptions};
use reqwest::{Method, Response};

const PAGE: &str = "https://app.example.com";

async fn called(host: &Host, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = host.client().request(method, host.url() + path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn told<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_browser_is_told_what_it_asks() {
    let host = HostOptions::default().arguments(&["--allowed-origins", PAGE]).start().await;
    host.create_topic("orders", 1).await;
    let asking = [
        ("origin", PAGE),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type, idempotency-key"),
    ];
    let preflight = called(&host, Method::OPTIONS, "/v1/topics/orders/records", &asking).await;
    assert_eq!(preflight.status(), 204);
    assert_eq!(told(&preflight, "access-control-allow-origin"), Some(PAGE));
    assert!(told(&preflight, "access-control-allow-methods").unwrap().contains("POST"));
    assert_eq!(told(&preflight, "access-control-allow-headers"), Some("content-type, idempotency-key"));
    for (path, status) in [("/v1/topics", 200), ("/v1/topics/nowhere", 404), ("/nothing", 404)] {
        let response = called(&host, Method::GET, path, &[("origin", PAGE)]).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(told(&response, "access-control-allow-origin"), Some(PAGE), "a page may read problems too: {path}");
        assert!(response.headers().get_all("vary").iter().any(|vary| vary == "origin"), "{path}");
    }
}

#[tokio::test]
async fn nobody_else_is_told_anything() {
    let host = HostOptions::default().arguments(&["--allowed-origins", PAGE]).start().await;
    let asking = [("origin", "https://evil.example.com"), ("access-control-request-method", "GET")];
    for (method, headers) in [(Method::OPTIONS, &asking[..]), (Method::GET, &asking[..1])] {
        let refused = called(&host, method, "/v1/topics", headers).await;
        assert_eq!((refused.status().as_u16(), told(&refused, "access-control-allow-origin")), (403, None));
    }
    // Without a foreign origin nothing is said of origins.
    let own = called(&host, Method::GET, "/v1/topics", &[]).await;
    assert_eq!(
        (own.status().as_u16(), told(&own, "access-control-allow-origin"), told(&own, "vary")),
        (200, None, None)
    );
}
