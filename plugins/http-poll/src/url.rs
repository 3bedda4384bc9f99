//! Addresses: what a page may lead to, and what a poll asks for (RFC 3986).

use std::fmt::Write as _;

/// Where an address is served: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    is_https: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// As it is granted.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// `http://host:port`, and what follows.
struct Parts<'u> {
    scheme: &'u str,
    authority: &'u str,
    /// Without its slash it is empty.
    path: &'u str,
    /// With its question mark.
    query: &'u str,
}

impl<'u> Parts<'u> {
    fn parse(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let rest = without_fragment(rest);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
        (!authority.is_empty()).then_some(Self { scheme, authority, path, query })
    }
}

/// `None` where it is not an address of `http` or `https`.
pub(crate) fn origin(url: &str) -> Option<Origin> {
    let Parts { scheme, authority, .. } = Parts::parse(url)?;
    let is_https = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    // A colon within brackets is of an IPv6 address.
    let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    let port = port.unwrap_or(if is_https { 443 } else { 80 });
    (!host.is_empty() && !host.contains('@')).then(|| Origin { is_https, host: host.to_ascii_lowercase(), port })
}

/// The address that a reference in a page of `base` means (RFC 3986, 5.2).
pub(crate) fn resolve(base: &str, reference: &str) -> Option<String> {
    let Parts { scheme, authority, path, query } = Parts::parse(base)?;
    let reference = without_fragment(reference.trim());
    let name = reference.split(['/', '?']).next().unwrap_or_default();
    if name.contains(':') {
        return Some(reference.to_owned());
    }
    if let Some(other) = reference.strip_prefix("//") {
        return Some(format!("{scheme}://{other}"));
    }
    let (reference_path, reference_query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
    let (path, query) = if reference_path.is_empty() {
        (path.to_owned(), if reference_query.is_empty() { query } else { reference_query })
    } else if reference_path.starts_with('/') {
        (without_dots(reference_path), reference_query)
    } else {
        let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
        let folder = if folder.is_empty() { "/" } else { folder };
        (without_dots(&format!("{folder}{reference_path}")), reference_query)
    };
    Some(format!("{scheme}://{authority}{path}{query}"))
}

/// The address with this parameter, instead of any that it has of the name.
pub(crate) fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let url = without_fragment(url);
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let name = percent_encoded(name);
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name.as_str()))
        .map(str::to_owned)
        .collect();
    pairs.push(format!("{name}={}", percent_encoded(value)));
    format!("{base}?{}", pairs.join("&"))
}

/// Without its query, in which a key may stand: what may be shown.
pub(crate) fn shown(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

/// Of a path that begins with a slash.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for same in ["http://a.b", "HTTP://A.b:80/x", "http://a.b:?y", "http://a.b#z"] {
            assert_eq!(origin(same), origin("http://a.b/"), "{same}");
            assert!(origin(same).is_some());
        }
        for other in ["https://a.b", "http://a.b:81", "http://b", "http://[::1]:80", "http://a.b.c"] {
            assert!(origin(other).is_some() && origin(other) != origin("http://a.b/"), "{other}");
        }
        for none in ["", "a.b", "ftp://a.b", "http://", "http:///x", "http://a:99999", "http://u@a", "http://:80"] {
            assert_eq!(origin(none), None, "{none}");
        }
    }

    #[test]
    fn references_are_resolved() {
        let base = "http://h:1/a/b?q=1#f";
        for (reference, url) in [
            ("https://x/y", "https://x/y"),
            ("//x/y", "http://x/y"),
            ("/c?d", "http://h:1/c?d"),
            ("c", "http://h:1/a/c"),
            ("../c/./d", "http://h:1/c/d"),
            ("../../..", "http://h:1/"),
            ("?page=2", "http://h:1/a/b?page=2"),
            ("", "http://h:1/a/b?q=1"),
            ("#g", "http://h:1/a/b?q=1"),
            ("c?at=1:2", "http://h:1/a/c?at=1:2"),
        ] {
            assert_eq!(resolve(base, reference).as_deref(), Some(url), "{reference}");
        }
        assert_eq!(resolve("http://h", "c").as_deref(), Some("http://h/c"));
    }

    #[test]
    fn a_parameter_takes_the_place_of_its_like() {
        assert_eq!(with_parameter("http://h/a", "since", "a b&c"), "http://h/a?since=a%20b%26c");
        assert_eq!(with_parameter("http://h/a?x=1&since=0&y#z", "since", "2"), "http://h/a?x=1&y&since=2");
    }

    proptest! {
        #[test]
        fn a_relative_reference_stays_at_its_origin(path in "[a-z./]{0,20}", query in "[a-z=:/?&]{0,10}") {
            prop_assume!(!path.starts_with("//"));
            let url = resolve("http://h:1/a/b?c", &format!("{path}?{query}")).unwrap();
            prop_assert_eq!(origin(&url), origin("http://h:1"));
            prop_assert!(!url.contains("/../") && !url.contains("/./"), "{}", url);
        }

        #[test]
        fn no_text_makes_it_panic(base: String, reference: String) {
            let _ = (origin(&base), resolve(&base, &reference), with_parameter(&base, &reference, ""), shown(&base));
        }
    }
}
