//! What exists, and which of it somebody means who names it: by its name, or by what is left of it once case, spaces,
//! hyphens and a plural are taken for the same.

use std::ops::Range;

use kafka_do_sdk::parser::Catalog;

/// What a name is a name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Topic,
    Group,
    Plugin,
    Deployment,
}

impl Kind {
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Group => "group",
            Self::Plugin => "plugin",
            Self::Deployment => "deployment",
        }
    }

    pub(crate) fn names(self, catalog: &Catalog) -> impl Iterator<Item = &str> {
        let (topics, others): (&[_], &[String]) = match self {
            Self::Topic => (&catalog.topics, &[]),
            Self::Group => (&[], &catalog.groups),
            Self::Plugin => (&[], &catalog.plugins),
            Self::Deployment => (&[], &catalog.deployments),
        };
        topics.iter().map(|topic| topic.name.as_str()).chain(others.iter().map(String::as_str))
    }
}

/// How well what was said is the name of something; best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    Exact,
    /// But for case, spaces and separators.
    Folded,
    /// And but for a plural.
    Plural,
    /// It is as much the name of one thing as of another.
    Several,
    /// There is no such thing.
    Unknown,
}

/// A name in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub kind: Kind,
    /// As the catalog has it, or as it was said.
    pub text: String,
    pub fit: Fit,
    /// Where it stands in the sentence.
    pub span: Range<usize>,
}

impl Name {
    /// Quotes take room, and a name without them stands as it is said where nothing has it.
    pub(crate) fn is_quoted(&self) -> bool {
        self.span.len() > self.text.len()
    }
}

/// Kafka's rule, and the host's for all names.
pub(crate) fn is_valid(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(is_plain)
}

/// The longest name that a topic may have.
const NAME_BYTES_MAX: usize = 249;

/// The letters and digits that tell names apart.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|char| !matches!(char, '-' | '_' | '.' | ' ')).map(|char| char.to_ascii_lowercase())
}

/// How words with spaces between them fit a name.
fn fit(words: &[&str], name: &str) -> Fit {
    if words == [name] {
        return Fit::Exact;
    }
    let mut said = words.iter().flat_map(|word| folded(word));
    let mut name = folded(name);
    let mut is_begun = false;
    loop {
        match (said.next(), name.next()) {
            (None, None) if is_begun => return Fit::Folded,
            (Some(said), Some(name)) if said == name => is_begun = true,
            (Some('s'), None) if is_begun && said.next().is_none() => return Fit::Plural,
            (None, Some('s')) if is_begun && name.next().is_none() => return Fit::Plural,
            _ => return Fit::Unknown,
        }
    }
}

/// What the words are the name of; the first of those that they fit alike.
pub(crate) fn find<'a>(kind: Kind, words: &[&str], catalog: &'a Catalog) -> Option<(&'a str, Fit)> {
    let mut best: Option<(&str, Fit)> = None;
    let mut is_alone = true;
    for name in kind.names(catalog) {
        let fit = fit(words, name);
        if fit == Fit::Exact {
            return Some((name, fit));
        }
        if fit != Fit::Unknown {
            match best {
                Some((_, before)) if fit > before => {}
                Some((_, before)) if fit == before => is_alone = false,
                _ => (best, is_alone) = (Some((name, fit)), true),
            }
        }
    }
    best.map(|(name, fit)| (name, if is_alone { fit } else { Fit::Several }))
}

/// All that a name could be of, the way it was said.
pub(crate) fn alike<'a>(kind: Kind, said: &str, catalog: &'a Catalog) -> Vec<&'a str> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let fits = |name: &&str| !matches!(fit(&words, name), Fit::Unknown | Fit::Plural);
    kind.names(catalog).filter(fits).take(NEAR_MAX).collect()
}

/// Whether a name could be taken for another one, or for the beginning of one, were it said without quotes.
pub(crate) fn is_mistakable(kind: Kind, name: &str, catalog: &Catalog) -> bool {
    kind.names(catalog).any(|other| {
        let mut other = folded(other).peekable();
        let begins = folded(name).all(|char| other.next() == Some(char));
        begins && (other.peek().is_some() || find(kind, &[name], catalog).is_none_or(|(found, _)| found != name))
    })
}

/// Names that are a slip or two away, nearest first.
pub(crate) fn near<'a>(said: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let said: Vec<char> = folded(said).take(NAME_BYTES_MAX + 1).collect();
    let slips_max = match said.len() {
        0..3 => 0,
        3..6 => 1,
        _ => 2,
    };
    let slips = |name: &'a str| {
        if name.len() + slips_max < said.len() || slips_max == 0 {
            return None;
        }
        let other: Vec<char> = folded(name).collect();
        let slips = slips(&said, &other, slips_max);
        // What is another name and more is not that name mistyped.
        let is_longer = slips > 1
            && (said.starts_with(&other)
                || said.ends_with(&other)
                || other.starts_with(&said)
                || other.ends_with(&said));
        (slips <= slips_max && !is_longer).then_some((slips, name))
    };
    let mut near: Vec<_> = names.filter_map(slips).collect();
    near.sort_by_key(|(slips, _)| *slips);
    near.into_iter().take(NEAR_MAX).map(|(_, name)| name).collect()
}

/// Whether a word of some length is another one but for a slip.
pub(crate) fn is_a_slip_away(said: &str, word: &str) -> bool {
    let (said, word): (Vec<char>, Vec<char>) = (folded(said).take(NAME_BYTES_MAX).collect(), folded(word).collect());
    said.len() >= SLIPPED_LETTERS_MIN && slips(&said, &word, 1) <= 1
}

/// Of shorter words, too many are like others.
const SLIPPED_LETTERS_MIN: usize = 5;

/// How many names are offered for one.
const NEAR_MAX: usize = 3;

/// Letters to add, drop, replace or swap with their neighbour (optimal string alignment); more than `max` is any number that
/// is more.
fn slips(from: &[char], to: &[char], max: usize) -> usize {
    if from.len().abs_diff(to.len()) > max {
        return max + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.iter().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(index + 1);
        for (column, other) in to.iter().enumerate() {
            let replaced = row[column] + usize::from(letter != other);
            let mut least = replaced.min(row[column + 1] + 1).min(next[column] + 1);
            if index > 0 && column > 0 && *letter == to[column - 1] && from[index - 1] == *other {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        if next.iter().all(|slips| *slips > max) {
            return max + 1;
        }
        before = std::mem::replace(&mut row, next);
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let groups = ["order-processor", "audit"].map(str::to_owned).to_vec();
        let topics = ["orders", "user-events", "page_views", "cdc.users", "Orders2"];
        let topics =
            topics.map(|name| kafka_do_sdk::parser::TopicInfo { name: name.to_owned(), partitions: 1 }).to_vec();
        Catalog { topics, groups, plugins: Vec::new(), deployments: Vec::new() }
    }

    #[test]
    fn names_are_found_by_what_tells_them_apart() {
        let cases = [
            ("orders", Some(("orders", Fit::Exact))),
            ("ORDERS", Some(("orders", Fit::Folded))),
            ("order", Some(("orders", Fit::Plural))),
            ("user events", Some(("user-events", Fit::Folded))),
            ("user_event", Some(("user-events", Fit::Plural))),
            ("page-views", Some(("page_views", Fit::Folded))),
            ("cdc user", Some(("cdc.users", Fit::Plural))),
            ("ordr", None),
            ("-", None),
            ("", None),
        ];
        for (said, expected) in cases {
            let words: Vec<&str> = said.split_whitespace().collect();
            assert_eq!(find(Kind::Topic, &words, &catalog()), expected, "{said}");
        }
        assert_eq!(find(Kind::Group, &["order", "processor"], &catalog()), Some(("order-processor", Fit::Folded)));
    }

    #[test]
    fn a_name_of_several_things_is_of_none() {
        let names = ["user-events", "user_events", "UserEvents"];
        let topics =
            names.map(|name| kafka_do_sdk::parser::TopicInfo { name: name.to_owned(), partitions: 1 }).to_vec();
        let catalog = Catalog { topics, groups: Vec::new(), plugins: Vec::new(), deployments: Vec::new() };
        assert_eq!(find(Kind::Topic, &["user", "events"], &catalog), Some(("user-events", Fit::Several)));
        assert_eq!(find(Kind::Topic, &["user_events"], &catalog), Some(("user_events", Fit::Exact)));
        assert_eq!(alike(Kind::Topic, "user events", &catalog), names);
    }

    #[test]
    fn slips_are_near() {
        let cases: [(&str, &[&str]); 7] = [
            ("ordres", &["orders", "Orders2"]),
            ("odrers", &["orders", "Orders2"]),
            ("userevnts", &["user-events"]),
            ("orders1", &["Orders2", "orders"]),
            ("payments", &[]),
            ("or", &[]),
            ("", &[]),
        ];
        for (said, expected) in cases {
            let catalog = catalog();
            let mut found = near(said, Kind::Topic.names(&catalog));
            let mut expected = expected.to_vec();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{said}");
        }
    }

    #[test]
    fn a_name_that_begins_another_one_is_mistakable() {
        let cases = [("orders", true), ("user", true), ("user-events", false), ("Orders", true), ("payments", false)];
        for (name, expected) in cases {
            assert_eq!(is_mistakable(Kind::Topic, name, &catalog()), expected, "{name}");
        }
    }
}
