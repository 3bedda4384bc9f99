//! `where amount > 100 and status is paid`: fields compared with what was said.

use kafka_do_sdk::parser::{Comparison, Condition};
use winnow::Parser;
use winnow::combinator::preceded;

use super::slots::path;
use crate::json::is_number;
use crate::syntax::{Input, Parsed, expected, has, maybe, next, nothing, peek, said};
use crate::token::Kind;

/// How conditions are begun.
const WHERE: &[&str] =
    &["where", "when", "whose", "if", "having", "with", "for which", "that have", "which have", "only where", "by"];
/// Conditions of one command.
const CONDITIONS_MAX: usize = 16;

/// Said of a field, longest first where one begins another.
const SAID: [(&[&str], Comparison); 7] = [
    (
        &["greater than or equal to", "more than or equal to", "at least", "no less than", "not less than", "from"],
        Comparison::GreaterOrEqual,
    ),
    (&["less than or equal to", "at most", "no more than", "not more than", "up to"], Comparison::LessOrEqual),
    (
        &[
            "greater than",
            "more than",
            "bigger than",
            "larger than",
            "higher than",
            "over",
            "above",
            "exceeds",
            "exceeding",
        ],
        Comparison::Greater,
    ),
    (&["less than", "smaller than", "lower than", "fewer than", "under", "below"], Comparison::Less),
    (
        &[
            "not equal to",
            "does not equal",
            "doesn't equal",
            "not equals",
            "isn't",
            "is not",
            "not",
            "differs from",
            "other than",
        ],
        Comparison::NotEqual,
    ),
    (&["contains", "contain", "includes", "include", "containing", "including", "has"], Comparison::Contains),
    (&["equal to", "equals", "equal", "exactly", "the same as"], Comparison::Equal),
];

/// Conditions, with the word that begins them.
pub(super) fn conditions(input: &mut Input<'_>) -> Parsed<Vec<Condition>> {
    if has(input, WHERE) { all(input) } else { nothing(input) }
}

fn all(input: &mut Input<'_>) -> Parsed<Vec<Condition>> {
    let mut conditions = condition(input)?;
    while conditions.len() < CONDITIONS_MAX {
        if has(input, &["or"]) {
            return expected(input, "and: what holds for either takes a command of its own");
        }
        match maybe(input, |input| preceded(said(&["and", "&&", "and where"]), condition).parse_next(input)) {
            Some(more) => conditions.extend(more),
            None => break,
        }
    }
    Ok(conditions)
}

/// One comparison, or two for `between`.
fn condition(input: &mut Input<'_>) -> Parsed<Vec<Condition>> {
    let path = path(input)?;
    let is = has(input, &["is", "are", "was", "'s", "that is"]);
    if has(input, &["between"]) {
        let least = operand(input)?;
        if !has(input, &["and", "to"]) {
            return expected(input, "and");
        }
        let most = operand(input)?;
        let condition = |comparison, operand| Condition { path: path.clone(), comparison, operand };
        return Ok(vec![condition(Comparison::GreaterOrEqual, least), condition(Comparison::LessOrEqual, most)]);
    }
    let comparison = match comparison(input) {
        Some(comparison) => comparison,
        None if is => Comparison::Equal,
        None => return expected(input, "a comparison, such as > or is"),
    };
    let operand = operand(input)?;
    Ok(vec![Condition { path, comparison, operand }])
}

fn comparison(input: &mut Input<'_>) -> Option<Comparison> {
    if let Some(Kind::Compare(comparison)) = peek(input).map(|token| token.kind) {
        next(input).ok()?;
        return Some(comparison);
    }
    SAID.iter().find(|(phrases, _)| has(input, phrases)).map(|(_, comparison)| *comparison)
}

/// Words that an operand is not, unless it stands in quotes.
const NO_OPERANDS: &[&str] = &["and", "or", "to", "into", "where", "than", "is", "not", "the", "equal", "of"];

fn operand(input: &mut Input<'_>) -> Parsed<String> {
    let missing = "what to compare with; put a text of several words in quotes";
    let Some(token) = peek(input).copied() else { return expected(input, missing) };
    let text = match token.kind {
        Kind::Quoted => token.meant().into_owned(),
        Kind::Word if !token.is_one_of(NO_OPERANDS) => {
            plain_number(token.text).unwrap_or_else(|| token.text.to_owned())
        }
        _ => return expected(input, missing),
    };
    next(input)?;
    Ok(text)
}

/// `$1,000` is a thousand.
fn plain_number(text: &str) -> Option<String> {
    let digits = text.trim_start_matches(['$', '\u{20ac}', '\u{a3}']);
    let number: String = digits.chars().filter(|char| *char != ',').collect();
    is_number(&number).then_some(number)
}
