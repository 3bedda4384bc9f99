//! Secrets in settings: written as a reference, `{"$secret": "NAME"}`, filled in for the plugin alone, and taken out of
//! whatever it says where people read it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::limits::{SECRET_NAME_CHARS_MAX, SETTINGS_SECRETS_MAX};

/// The key of a reference.
const REFERENCE: &str = "$secret";
/// What is put where a secret stood.
const HIDDEN: &str = "[secret]";
/// A shorter secret is no secret, and taking it out would leave nothing readable.
const HIDDEN_CHARS_MIN: usize = 4;
/// A line of a longer secret that says nothing by itself, such as the end of a PEM block, is left alone.
const LINE_CHARS_MIN: usize = 16;

/// Secret values that a plugin was given.
#[derive(Clone, Default)]
pub struct Secrets(Arc<[String]>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without them.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let hide = |text: Cow<'a, str>, secret: &String| {
            if text.contains(secret.as_str()) { Cow::Owned(text.replace(secret.as_str(), HIDDEN)) } else { text }
        };
        self.0.iter().filter(|secret| secret.len() >= HIDDEN_CHARS_MIN).fold(Cow::Borrowed(text), hide)
    }
}

/// Settings as the plugin gets them.
#[derive(Clone)]
pub struct Filled {
    pub settings: Value,
    pub secrets: Secrets,
}

/// Puts the value of each secret in the place of its reference. `find` answers `None` where there is none of the name.
pub fn fill(settings: &Value, find: impl Fn(&str) -> Result<Option<String>>) -> Result<Filled> {
    let mut secrets = Vec::new();
    let settings = filled(settings, &find, &mut secrets)?;
    secrets = secrets.iter().flat_map(|secret| forms(secret)).collect();
    // The longest first: one may be a part of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    Ok(Filled { settings, secrets: Secrets(secrets.into()) })
}

/// The secrets that settings name, in order. What is no reference as it should be is named as it stands.
pub fn named(settings: &Value) -> Vec<String> {
    fn collect(value: &Value, names: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                names.extend(
                    fields.get(REFERENCE).map(|name| name.as_str().map_or_else(|| name.to_string(), ToOwned::to_owned)),
                );
                fields.values().for_each(|value| collect(value, names));
            }
            Value::Array(elements) => elements.iter().for_each(|value| collect(value, names)),
            _ => {}
        }
    }
    let mut names = Vec::new();
    collect(settings, &mut names);
    names.sort_unstable();
    names.dedup();
    names
}

/// A secret as it may come to stand in a text: as it is, in one line, as JSON has it, and each of its lines.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    forms.push(secret.chars().map(|c| if c.is_control() { ' ' } else { c }).collect());
    forms.push(Value::from(secret).to_string().trim_matches('"').to_owned());
    if secret.contains('\n') {
        forms.extend(secret.lines().map(str::trim).filter(|line| line.len() >= LINE_CHARS_MIN).map(ToOwned::to_owned));
    }
    forms.sort();
    forms.dedup();
    forms
}

fn filled(value: &Value, find: &impl Fn(&str) -> Result<Option<String>>, secrets: &mut Vec<String>) -> Result<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(REFERENCE) => {
            let Some(name) = fields.get(REFERENCE).and_then(Value::as_str).filter(|_| fields.len() == 1) else {
                return Err(Error::invalid(
                    "invalid-secret",
                    "a secret in settings is written {\"$secret\": \"NAME\"}, and nothing else stands in that object",
                ));
            };
            check_name(name)?;
            if secrets.len() == SETTINGS_SECRETS_MAX {
                return Err(Error::invalid(
                    "too-many-secrets",
                    format!("settings name more than {SETTINGS_SECRETS_MAX} secrets"),
                ));
            }
            let secret = find(name)?.ok_or_else(|| {
                Error::unprocessable(
                    "unknown-secret",
                    format!(
                        "the host has no secret {name}; start it with KAFKA_DO_SECRET_{name} in its environment, or add a line {name}=... to the file of --secrets"
                    ),
                )
            })?;
            secrets.push(secret.clone());
            Ok(Value::String(secret))
        }
        Value::Object(fields) => {
            let filled = fields.iter().map(|(name, value)| Ok((name.clone(), filled(value, find, secrets)?)));
            filled.collect::<Result<serde_json::Map<_, _>>>().map(Value::Object)
        }
        Value::Array(elements) => {
            let filled = elements.iter().map(|element| filled(element, find, secrets));
            filled.collect::<Result<_>>().map(Value::Array)
        }
        plain => Ok(plain.clone()),
    }
}

/// A secret's name is what may stand behind `KAFKA_DO_SECRET_` in an environment.
pub fn check_name(name: &str) -> Result<()> {
    let is_valid = (1..=SECRET_NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if is_valid {
        return Ok(());
    }
    Err(Error::invalid(
        "invalid-secret",
        format!("{name:?} is no name of a secret; use up to {SECRET_NAME_CHARS_MAX} capitals, digits and underscores"),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "as the source of secrets has it")]
    fn find(name: &str) -> Result<Option<String>> {
        Ok((name == "TOKEN").then(|| "s3cr3t-value".to_owned()))
    }

    #[test]
    fn references_are_filled_wherever_they_stand() {
        let settings = json!({"a": {"$secret": "TOKEN"}, "b": [{"c": {"$secret": "TOKEN"}}, 1], "d": "$secret"});
        let filled = fill(&settings, find).unwrap();
        let secret = "s3cr3t-value";
        assert_eq!(filled.settings, json!({"a": secret, "b": [{"c": secret}, 1], "d": "$secret"}));
        assert_eq!(filled.secrets.hide(&format!("it says {secret}, {secret}")), "it says [secret], [secret]");
    }

    #[test]
    fn secrets_of_many_lines_are_found_in_any_form() {
        let key = "-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\n\"quoted\"\n-----END KEY-----";
        let filled = fill(&json!({ "$secret": "KEY" }), |_| Ok(Some(key.to_owned()))).unwrap();
        for text in [key.to_owned(), key.replace('\n', " "), json!(key).to_string(), "x MIGHAgEAMBMGByqGSM49 x".into()]
        {
            assert!(!filled.secrets.hide(&text).contains("MIGHAg"), "{text}");
        }
    }

    #[test]
    fn all_secrets_are_named() {
        let settings =
            json!({"a": {"$secret": "B"}, "b": [{"c": {"$secret": "A", "d": {"$secret": "B"}}}], "d": "$secret"});
        assert_eq!(named(&settings), ["A", "B"]);
        assert_eq!(named(&json!({"$secret": ["C"]})), ["[\"C\"]"]);
        assert_eq!(named(&json!({"a": 1})), [""; 0]);
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for (settings, code) in [
            (json!({"a": {"$secret": "NONE"}}), "unknown-secret"),
            (json!({"a": {"$secret": "../etc"}}), "invalid-secret"),
            (json!({"a": {"$secret": "path"}}), "invalid-secret"),
            (json!({"a": {"$secret": 1}}), "invalid-secret"),
            (json!({"a": {"$secret": "TOKEN", "b": 1}}), "invalid-secret"),
        ] {
            assert_eq!(fill(&settings, find).map(|_| ()).map_err(|error| error.code), Err(code), "{settings}");
        }
    }
}
