//! Percent-encoding, as queries and forms have it (`application/x-www-form-urlencoded`, WHATWG URL).

/// The first field of this name, decoded; `None` also where it is no UTF-8.
pub(crate) fn form_field(form: &[u8], name: &str) -> Option<String> {
    form.split(|byte| *byte == b'&').find_map(|pair| {
        let (found, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(equals) => (&pair[..equals], &pair[equals + 1..]),
            None => (pair, &[][..]),
        };
        (decode(found, b' ') == name.as_bytes()).then(|| String::from_utf8(decode(value, b' ')).ok())
    })?
}

/// The text that a percent-encoded one writes (RFC 3986), where a plus is a plus; `None` where it is no UTF-8.
pub fn percent_decode(text: &str) -> Option<String> {
    String::from_utf8(decode(text.as_bytes(), b'+')).ok()
}

/// What a plus stands for is told; a percent sign without two digits stands for itself.
fn decode(text: &[u8], plus: u8) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => decoded.push(plus),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = after;
                }
                _ => decoded.push(b'%'),
            },
            (byte, _) => decoded.push(*byte),
        }
    }
    decoded
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_escape_stands_for_itself() {
        for (text, decoded) in [("100%", "100%"), ("%zz", "%zz"), ("%4", "%4"), ("%41%", "A%"), ("a+b%2B", "a b+")] {
            assert_eq!(decode(text.as_bytes(), b' '), decoded.as_bytes(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(name in "[a-z=&% ]{1,8}", value in any::<String>()) {
            let encode = |text: &str| text.bytes().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect::<Vec<u8>>();
            let form = [b"&=x&", encode(&name).as_slice(), b"=", encode(&value).as_slice(), b"&y"].concat();
            prop_assert_eq!(form_field(&form, &name), Some(value));
        }

        #[test]
        fn no_bytes_make_it_panic(form in any::<Vec<u8>>()) {
            let _ = form_field(&form, "a");
        }
    }
}
