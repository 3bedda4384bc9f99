//! Names that deployments get that nobody named.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::limits::NAME_CHARS_MAX;
use crate::model::name::DeploymentName;

/// A hyphen and eight hexadecimal digits tell long names apart that begin alike.
const TOLD_APART_CHARS: usize = 9;

/// The words joined by hyphens, with a hyphen for what a name cannot have. The same words make the same name.
pub(super) fn deployment(words: &[&str]) -> Result<DeploymentName> {
    let joined = words.join("-");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut name: String = joined.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    if name.len() > NAME_CHARS_MAX {
        let hash: [u8; 32] = Sha256::digest(&joined).into();
        let [a, b, c, d, ..] = hash;
        name.truncate(NAME_CHARS_MAX - TOLD_APART_CHARS);
        // Writing to a string cannot fail.
        let _ = write!(name, "-{:08x}", u32::from_be_bytes([a, b, c, d]));
    }
    DeploymentName::parse(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_bounded_and_told_apart() {
        assert_eq!(deployment(&["orders", "to", "big.orders"]).unwrap().as_str(), "orders-to-big.orders");
        assert_eq!(deployment(&["sum-of", "größe"]).unwrap().as_str(), "sum-of-gr--e");
        let long = "x".repeat(NAME_CHARS_MAX);
        let named = |end: &str| deployment(&[&long, end]).unwrap();
        assert_eq!(named("a").as_str().len(), NAME_CHARS_MAX);
        assert_ne!(named("a"), named("b"));
        assert_eq!(named("a"), named("a"));
    }
}
