//! Sends each record to the topic of the first rule that it satisfies, as it came.

use kafka_do_sdk::json::{Comparison, Condition, Error, Operand, Path};
use kafka_do_sdk::{NewRecord, Record, Reject};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    rules: Vec<Rule>,
    otherwise: Option<String>,
}

#[derive(Deserialize)]
#[serde(from = "RuleJson")]
struct Rule {
    condition: Condition,
    topic: String,
}

/// A rule as it is written: a condition and a topic in one object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleJson {
    path: Path,
    comparison: Comparison,
    operand: Operand,
    topic: String,
}

impl From<RuleJson> for Rule {
    fn from(RuleJson { path, comparison, operand, topic }: RuleJson) -> Self {
        Self { condition: Condition { path, comparison, operand }, topic }
    }
}

impl Settings {
    /// Where a value goes, `None` where it is dropped. A tombstone has no field to compare, so no rule takes it.
    fn topic_of(&self, value: Option<&[u8]>) -> Result<Option<&str>, Error> {
        if let Some(value) = value {
            for Rule { condition, topic } in &self.rules {
                if condition.holds(value)? {
                    return Ok(Some(topic));
                }
            }
        }
        Ok(self.otherwise.as_deref())
    }
}

kafka_do_sdk::filter_map! {
    summary: "Sends each record to the topic of the first rule that it satisfies.",
    settings: Settings,
    settings_schema: include_str!("../settings.schema.json"),
    function: route,
}

fn route(record: Record, settings: &Settings) -> Result<Option<NewRecord>, Reject> {
    let topic = settings.topic_of(record.value.as_deref())?;
    Ok(topic.map(|topic| NewRecord::from(record).with_topic(topic)))
}

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::{Harness, record};
    use proptest::prelude::*;

    use super::*;

    const BY_DISTANCE: &str = r#"{
        "rules": [
            {"path": "carrier", "comparison": "equal", "operand": "UA", "topic": "united"},
            {"path": "distance", "comparison": "greater", "operand": 1000, "topic": "long"}
        ],
        "otherwise": "rest"
    }"#;

    fn without_otherwise() -> String {
        BY_DISTANCE.replace(r#""otherwise": "rest""#, "").replace("],", "]")
    }

    #[test]
    fn the_first_rule_that_takes_a_record_wins_and_the_record_stays_as_it_is() {
        let flight = |value: &str| {
            record().with_key("k").with_value(value).with_timestamp_ms(1_357_034_400_000).with_header("source", "bts")
        };
        let cases = [
            (flight(r#"{"carrier":"UA","distance":1400}"#), "united"),
            (flight(r#"{"carrier":"AA","distance":1400}"#), "long"),
            (flight(r#"{"carrier":"AA","distance":200}"#), "rest"),
            (flight("{}"), "rest"),
            (record().with_key("deleted"), "rest"),
        ];
        let outcome = Harness::<Plugin>::new(BY_DISTANCE)
            .process(cases.iter().map(|(record, _)| record.clone()))
            .expect("succeeds");
        let expected = cases.map(|(record, topic)| NewRecord::from(record).with_topic(topic));
        assert_eq!(outcome.records, expected);
        assert_eq!(outcome.rejections, []);
    }

    #[test]
    fn without_otherwise_what_no_rule_takes_is_dropped() {
        let outcome = Harness::<Plugin>::new(&without_otherwise())
            .process([record(), record().with_value("{}"), record().with_value(r#"{"carrier":"UA"}"#)])
            .expect("succeeds");
        assert_eq!(outcome.records.len(), 1);
        assert_eq!(outcome.rejections, []);
    }

    #[test]
    fn what_is_not_json_is_rejected_with_the_reason() {
        let outcome = Harness::<Plugin>::new(BY_DISTANCE).process([record().with_value("{")]).expect("succeeds");
        assert_eq!(outcome.records, []);
        let [rejection] = outcome.rejections.as_slice() else { panic!("one rejection: {outcome:?}") };
        assert!(rejection.reason.starts_with("not JSON: "), "{}", rejection.reason);
    }

    #[test]
    fn refuses_settings_it_does_not_know() {
        for settings in [
            "{}",
            r#"{"rules":[{"path":"a","comparison":"equal","operand":1}]}"#,
            r#"{"rules":[{"path":"a","comparison":"equal","operand":1,"topic":"t","x":1}]}"#,
            r#"{"rules":[],"default":"t"}"#,
        ] {
            assert!(Harness::<Plugin>::try_new(settings).is_err(), "{settings}");
        }
    }

    proptest! {
        #[test]
        fn a_record_goes_to_exactly_one_topic(values in prop::collection::vec(any::<i64>(), 1..20), bounds: [i64; 3]) {
            let rule = |bound: &i64, topic: usize| {
                format!(r#"{{"path":"n","comparison":"less","operand":{bound},"topic":"t{topic}"}}"#)
            };
            let rules: Vec<String> = bounds.iter().zip(0..).map(|(bound, topic)| rule(bound, topic)).collect();
            let settings = format!(r#"{{"rules":[{}],"otherwise":"rest"}}"#, rules.join(","));
            let records = values.iter().map(|n| record().with_value(format!(r#"{{"n":{n}}}"#)));
            let outcome = Harness::<Plugin>::new(&settings).process(records).expect("succeeds");

            let topics: Vec<Option<String>> = outcome.records.into_iter().map(|record| record.topic).collect();
            let expected: Vec<Option<String>> = values
                .iter()
                .map(|n| bounds.iter().position(|bound| n < bound))
                .map(|rule| Some(rule.map_or("rest".to_owned(), |rule| format!("t{rule}"))))
                .collect();
            prop_assert_eq!(topics, expected);
        }
    }
}
