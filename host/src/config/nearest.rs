//! What somebody who mistyped a name may have meant.

/// The candidate with the fewest letters to change, where these are few.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let changes = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate));
    let (changes, candidate) = changes.min_by_key(|(changes, _)| *changes)?;
    (changes <= (candidate.chars().count() / 3).max(2)).then_some(candidate)
}

/// Letters to add, drop or replace (Levenshtein), a row of the matrix at a time.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_near() {
        let keys = ["data", "http", "head_bytes", "tier", "tier_region", "cold_tier"];
        let cases = [
            ("dta", Some("data")),
            ("head-bytes", Some("head_bytes")),
            ("headbytes", Some("head_bytes")),
            ("teir_region", Some("tier_region")),
            ("teir", Some("tier")),
            ("tiers", Some("tier")),
            ("retention", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        assert_eq!([distance("", "abc"), distance("abc", ""), distance("kitten", "sitting")], [3, 3, 3]);
    }
}
