//! The header `Link` (RFC 8288).

/// The reference of the first link to the next page, in one value of the header.
pub(crate) fn next(value: &str) -> Option<&str> {
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (reference, behind) = rest.strip_prefix('<')?.split_once('>')?;
        let (is_next, behind) = read_parameters(behind);
        if is_next {
            return Some(reference);
        }
        rest = behind;
    }
}

/// Reads the parameters of a link up to the next one: whether its first `rel` has `next`, and what follows.
fn read_parameters(text: &str) -> (bool, &str) {
    let mut rest = text;
    let mut is_next = None;
    while let Some(behind) = rest.trim_start().strip_prefix(';') {
        let behind = behind.trim_start();
        let (name, behind) = behind.split_at(behind.find(['=', ';', ',']).unwrap_or(behind.len()));
        let (value, behind) = match behind.strip_prefix('=') {
            Some(behind) => read_value(behind.trim_start()),
            None => ("", behind),
        };
        if name.trim_end().eq_ignore_ascii_case("rel") {
            is_next.get_or_insert_with(|| value.split_whitespace().any(|rel| rel.eq_ignore_ascii_case("next")));
        }
        rest = behind;
    }
    (is_next.unwrap_or(false), rest.trim_start())
}

/// A token, or what stands between quotes; a backslash in it is no matter, since no relation has one.
fn read_value(text: &str) -> (&str, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        return text.split_at(text.find([';', ',']).unwrap_or(text.len()));
    };
    let mut is_escaped = false;
    let end = quoted.find(|character| {
        let ends = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends
    });
    match end {
        Some(end) => (&quoted[..end], &quoted[end + 1..]),
        None => (quoted, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_next_page_is_found() {
        for (value, found) in [
            (r#"<http://h/?page=2>; rel="next", <http://h/?page=9>; rel="last""#, Some("http://h/?page=2")),
            (r#"<a,b;c>; rel="prev first"; title="x, <y>; rel=\"next\"" , </n>;REL = "last Next""#, Some("/n")),
            ("<a>;rel=next", Some("a")),
            ("<>; rel=next", Some("")),
            ("<a>; rel=prev; rel=next", None),
            ("<a>; rev=next", None),
            ("<a>, <b>; x; rel=next", Some("b")),
            ("", None),
            ("a; rel=next", None),
            ("<a; rel=next", None),
            (r#"<a>; rel="next"#, Some("a")),
        ] {
            assert_eq!(next(value), found, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in "[<>a;,=\" \\\\é]{0,40}", any_value: String) {
            let _ = (next(&value), next(&any_value));
        }

        #[test]
        fn a_link_among_others_is_found(others in prop::collection::vec("[a-z/?=&;,]{0,10}", 0..5)) {
            let others = others.iter().map(|other| format!("<{other}>; rel=\"{other}x\""));
            let value = others.chain(["<n>; rel=\"next\"".to_owned()]).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(next(&value), Some("n"));
        }
    }
}
