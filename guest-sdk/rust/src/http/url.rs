//! The parts of an address that a request is sent by.

use super::Error;

/// An absolute address, taken apart and otherwise left as it was written: the host checks each part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Url<'u> {
    pub(super) is_https: bool,
    /// `host` or `host:port`.
    pub(super) authority: &'u str,
    /// Begins with a slash, or with a question mark where there is no path, or is empty.
    pub(super) path_with_query: &'u str,
}

impl<'u> Url<'u> {
    pub(super) fn parse(url: &'u str) -> Result<Self, Error> {
        let invalid = |what: &str| Error::Invalid(format!("{what}; write it as https://example.com/path"));
        let (scheme, rest) = url.split_once("://").ok_or_else(|| invalid("the address has no scheme"))?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(invalid("the scheme of the address is neither http nor https")),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path_with_query) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() {
            return Err(invalid("the address names no host"));
        }
        // The address is part of messages and logs, where a password has no place.
        if authority.contains('@') {
            return Err(invalid("the address has a user or a password in it: send them in a header"));
        }
        Ok(Self { is_https, authority, path_with_query })
    }

    /// What stands in the first line of the request.
    pub(super) fn target(&self) -> String {
        if self.path_with_query.starts_with('/') {
            self.path_with_query.to_owned()
        } else {
            format!("/{}", self.path_with_query)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (url, is_https, authority, target) in [
            ("https://example.com", true, "example.com", "/"),
            ("HTTP://example.com:8080/a/b?c=d#e", false, "example.com:8080", "/a/b?c=d"),
            ("http://[::1]:80?x=/y", false, "[::1]:80", "/?x=/y"),
        ] {
            let parsed = Url::parse(url).expect("an address");
            assert_eq!((parsed.is_https, parsed.authority, parsed.target().as_str()), (is_https, authority, target));
        }
    }

    #[test]
    fn other_addresses_are_refused_without_repeating_them() {
        for url in ["", "example.com", "ftp://a", "http://", "https:///x", "https://me:secret@example.com/"] {
            let error = Url::parse(url).expect_err(url);
            assert!(matches!(&error, Error::Invalid(reason) if !reason.contains("secret")), "{error}");
        }
    }
}
