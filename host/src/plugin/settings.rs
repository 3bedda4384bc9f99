//! Settings against the schema that the plugin describes: checked before anything runs.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::limits::SETTINGS_BYTES_MAX;

/// Complaints that are shown of those that a validation finds.
const COMPLAINTS_SHOWN: usize = 5;

fn validator(schema: &Value) -> std::result::Result<jsonschema::Validator, String> {
    // The schema comes from a guest: its patterns must run in linear time, and it may not fetch anything.
    jsonschema::options()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .map_err(|error| format!("its settings schema is not JSON Schema: {error}"))
}

/// Whether a plugin's schema is one, and one that is checked in a time that its size bounds: references could double the
/// work at every step.
pub(super) fn check_schema(schema: &Value) -> std::result::Result<(), String> {
    if refers(schema) {
        return Err("its settings schema uses $ref; write the schema out where it is used".into());
    }
    validator(schema).map(drop)
}

fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            matches!(name.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef") && value.is_string() || refers(value)
        }),
        Value::Array(elements) => elements.iter().any(refers),
        _ => false,
    }
}

/// Checks settings against the schema; the error names every place that is wrong, and shows no value where one is a secret.
pub fn check_settings(plugin: &str, schema: &Value, settings: &Value, has_secrets: bool) -> Result<()> {
    let bytes = settings.to_string().len();
    if bytes > SETTINGS_BYTES_MAX {
        return Err(Error::too_large(
            "settings-too-large",
            format!("settings of {bytes} bytes are over the {SETTINGS_BYTES_MAX} allowed"),
        ));
    }
    if !settings.is_object() {
        return Err(Error::unprocessable("invalid-settings", "settings are a JSON object; write {\"name\": value}"));
    }
    let validator = validator(schema).map_err(Error::internal)?;
    let complaints: Vec<String> = validator
        .iter_errors(settings)
        .take(COMPLAINTS_SHOWN)
        .map(|error| {
            let told = if has_secrets { error.masked().to_string() } else { error.to_string() };
            match error.instance_path().as_str() {
                "" => told,
                path => format!("at {path}: {told}"),
            }
        })
        .collect();
    if complaints.is_empty() {
        return Ok(());
    }
    Err(Error::unprocessable(
        "invalid-settings",
        format!(
            "the settings do not fit plugin {plugin}: {}; GET /v1/plugins/{plugin} shows its settings schema",
            complaints.join("; ")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_complaint_has_its_place() {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["path"],
            "properties": {"path": {"type": "string"}, "n": {"type": "integer", "minimum": 1}},
        });
        assert!(check_settings("p", &schema, &json!({"path": "a", "n": 3}), false).is_ok());
        for (settings, named) in [
            (json!({}), "path"),
            (json!({"path": "a", "n": 0}), "/n"),
            (json!({"path": "a", "m": 1}), "m"),
            (json!([]), "object"),
        ] {
            let error = check_settings("p", &schema, &settings, false).unwrap_err();
            assert_eq!(error.code, "invalid-settings");
            assert!(error.detail.contains(named), "{error}");
        }
        let error = check_settings("p", &schema, &json!({"path": "a", "n": "hush"}), true).unwrap_err();
        assert!(error.detail.contains("/n") && !error.detail.contains("hush"), "{error}");
    }

    #[test]
    fn a_schema_must_be_one() {
        assert!(check_schema(&json!({"type": "object"})).is_ok());
        assert!(check_schema(&json!({"type": 7})).is_err());
        assert!(check_schema(&json!({"$ref": "https://example.com/schema.json"})).is_err());
        assert!(check_schema(&json!({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {}}})).is_err());
        assert!(check_schema(&json!({"properties": {"$ref": {"type": "string"}}})).is_ok());
    }
}
