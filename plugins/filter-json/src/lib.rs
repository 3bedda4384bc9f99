//! Keeps the records whose JSON value satisfies all conditions, as they came.

use kafka_do_sdk::json::{Comparison, Condition, Operand, Path};
use kafka_do_sdk::{NewRecord, Record, Reject};
use serde::Deserialize;

kafka_do_sdk::filter_map! {
    summary: "Keeps the records whose JSON fields compare as asked.",
    settings: Settings,
    settings_schema: include_str!("../settings.schema.json"),
    function: keep,
}

/// All of which must hold.
#[derive(Deserialize)]
#[serde(try_from = "Form")]
struct Settings(Vec<Condition>);

/// A list, or one condition as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    all: Option<Vec<Condition>>,
    path: Option<Path>,
    comparison: Option<Comparison>,
    operand: Option<Operand>,
}

impl TryFrom<Form> for Settings {
    type Error = &'static str;

    fn try_from(form: Form) -> Result<Self, Self::Error> {
        match form {
            Form { all: Some(all), path: None, comparison: None, operand: None } => Ok(Self(all)),
            Form { all: None, path: Some(path), comparison: Some(comparison), operand: Some(operand) } => {
                Ok(Self(vec![Condition { path, comparison, operand }]))
            }
            _ => Err("give path, comparison and operand, or a list of such as all, and not both"),
        }
    }
}

fn keep(record: Record, Settings(conditions): &Settings) -> Result<Option<NewRecord>, Reject> {
    Ok(Condition::all_hold(conditions, record.value.as_deref())?.then(|| record.into()))
}

#[cfg(test)]
mod tests {
    use kafka_do_sdk::testing::{Harness, record};
    use proptest::prelude::*;

    use super::*;

    const LONG_FLIGHTS: &str = r#"{"path":"distance","comparison":"greater","operand":1000}"#;

    #[test]
    fn keeps_matching_records_as_they_came() {
        let flight = record()
            .with_key("UA")
            .with_value(r#"{"carrier":"UA","distance":1400}"#)
            .with_timestamp_ms(1_357_034_400_000)
            .with_header("source", "bts");
        let short = record().with_value(r#"{"carrier":"UA","distance":200}"#);

        let outcome = Harness::<Plugin>::new(LONG_FLIGHTS).process([short, flight.clone()]).expect("succeeds");

        assert_eq!(outcome.records, [NewRecord::from(flight)]);
        assert_eq!(outcome.rejections, []);
    }

    #[test]
    fn drops_tombstones_and_rejects_what_is_not_json() {
        let outcome = Harness::<Plugin>::new(LONG_FLIGHTS)
            .process([record(), record().with_value("{"), record().with_value(r#"{"distance":1001}"#)])
            .expect("succeeds");

        assert_eq!(outcome.records.len(), 1);
        let [rejection] = outcome.rejections.as_slice() else { panic!("one rejection: {outcome:?}") };
        assert_eq!((rejection.topic.as_str(), rejection.partition, rejection.offset), ("input", 0, 1));
        assert!(rejection.reason.starts_with("not JSON: "), "{}", rejection.reason);
    }

    #[test]
    fn all_conditions_must_hold() {
        let settings =
            format!(r#"{{"all":[{LONG_FLIGHTS},{{"path":"carrier","comparison":"equal","operand":"UA"}}]}}"#);
        let flights =
            [r#"{"carrier":"UA","distance":1400}"#, r#"{"carrier":"UA","distance":1}"#, r#"{"distance":1400}"#];
        let records =
            flights.map(|flight| record().with_value(flight)).into_iter().chain([record(), record().with_value("{")]);
        let outcome = Harness::<Plugin>::new(&settings).process(records).expect("succeeds");

        assert_eq!(outcome.records, [NewRecord::from(record().with_value(flights[0]))]);
        assert_eq!(outcome.rejections.len(), 1);
    }

    #[test]
    fn without_conditions_every_record_is_kept_as_it_came() {
        let records =
            [record().with_key("a"), record().with_value("{"), record().with_value("1").with_header("h", "x")];
        let outcome = Harness::<Plugin>::new(r#"{"all":[]}"#).process(records.clone()).expect("succeeds");

        assert_eq!(outcome.records, records.map(NewRecord::from));
        assert_eq!(outcome.rejections, []);
    }

    #[test]
    fn refuses_settings_it_does_not_know() {
        for settings in [
            "{}",
            r#"{"path":"a","comparison":"less"}"#,
            r#"{"all":[],"path":"a","comparison":"less","operand":1}"#,
            r#"{"all":[{"path":"a"}]}"#,
            r#"{"path":"a","comparison":"above","operand":1}"#,
            r#"{"path":"a","comparison":"less","operand":[]}"#,
        ] {
            assert!(Harness::<Plugin>::try_new(settings).is_err(), "{settings}");
        }
    }

    proptest! {
        #[test]
        fn keeps_numbers_as_plain_arithmetic_does(values in prop::collection::vec(any::<i64>(), 1..20), operand: i64) {
            let settings = format!(r#"{{"path":"n","comparison":"less-or-equal","operand":{operand}}}"#);
            let records = values.iter().map(|n| record().with_value(format!(r#"{{"n":{n}}}"#)));
            let outcome = Harness::<Plugin>::new(&settings).process(records).expect("succeeds");

            let kept: Vec<_> = values.iter().filter(|n| **n <= operand).map(|n| format!(r#"{{"n":{n}}}"#).into_bytes()).collect();
            let emitted: Vec<_> = outcome.records.into_iter().filter_map(|record| record.value).collect();
            prop_assert_eq!(emitted, kept);
        }

        #[test]
        fn each_record_is_kept_dropped_or_rejected(values in prop::collection::vec(any::<Option<Vec<u8>>>(), 1..20)) {
            let records = values.iter().map(|value| Record { value: value.clone(), ..record() });
            let outcome = Harness::<Plugin>::new(LONG_FLIGHTS).process(records).expect("succeeds");
            prop_assert!(outcome.records.len() + outcome.rejections.len() <= values.len());
        }
    }
}
