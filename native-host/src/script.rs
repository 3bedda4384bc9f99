//! What the bench's scripts do, in Rust: filters that look at one field and at the whole value, and a map.

use bytes::Bytes;
use kafka_do::plugin::{Input, NativeProcessor, Outcome};
use kafka_do::store::state::Change;
use serde::Deserialize;
use serde_json::Value;

use crate::passed;

struct Filter;

pub(crate) fn make_filter(_: &Value) -> Box<dyn NativeProcessor> {
    Box::new(Filter)
}

/// `o => o.dep_delay > 60`
impl NativeProcessor for Filter {
    fn process(&mut self, input: &Input<'_>, _: &mut Vec<Change>) -> Outcome {
        #[derive(Deserialize)]
        struct Flight {
            dep_delay: Option<f64>,
        }
        let keeps = |value: &[u8]| {
            let flight: Result<Flight, _> = serde_json::from_slice(value);
            flight.is_ok_and(|flight| flight.dep_delay.is_some_and(|delay| delay > 60.0))
        };
        let kept = input.records.iter().filter(|record| record.value.is_some_and(keeps));
        Outcome { records: kept.map(passed).collect(), ..Outcome::default() }
    }
}

struct Whole;

pub(crate) fn make_whole(_: &Value) -> Box<dyn NativeProcessor> {
    Box::new(Whole)
}

/// `o => ((flight) => flight.dep_delay > 60)(o)`
impl NativeProcessor for Whole {
    fn process(&mut self, input: &Input<'_>, _: &mut Vec<Change>) -> Outcome {
        let keeps = |value: &[u8]| {
            let flight: Result<Value, _> = serde_json::from_slice(value);
            flight.is_ok_and(|flight| flight["dep_delay"].as_f64().is_some_and(|delay| delay > 60.0))
        };
        let kept = input.records.iter().filter(|record| record.value.is_some_and(keeps));
        Outcome { records: kept.map(passed).collect(), ..Outcome::default() }
    }
}

struct Map;

pub(crate) fn make_map(_: &Value) -> Box<dyn NativeProcessor> {
    Box::new(Map)
}

/// `o => ({ ...o, long: o.distance > 1000 })`, of flights that are late.
impl NativeProcessor for Map {
    fn process(&mut self, input: &Input<'_>, _: &mut Vec<Change>) -> Outcome {
        let mut outcome = Outcome::default();
        for record in input.records {
            let Some(Ok(mut value)) = record.value.map(serde_json::from_slice::<Value>) else { continue };
            let long = value["distance"].as_f64().is_some_and(|distance| distance > 1_000.0);
            value["long"] = long.into();
            let mut emitted = passed(record);
            emitted.record.value = Some(Bytes::from(value.to_string()));
            outcome.records.push(emitted);
        }
        outcome
    }
}
