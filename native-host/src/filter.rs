//! filter-json: the same function, over borrowed records.

use kafka_do::plugin::{Input, NativeProcessor, Outcome, Rejection};
use kafka_do::store::state::Change;
use kafka_do_sdk::json::Condition;
use serde_json::Value;

use crate::passed;

struct Filter(Condition);

pub(crate) fn make(settings: &Value) -> Box<dyn NativeProcessor> {
    Box::new(Filter(serde_json::from_value(settings.clone()).expect("the bench's settings are right")))
}

impl NativeProcessor for Filter {
    fn process(&mut self, input: &Input<'_>, _: &mut Vec<Change>) -> Outcome {
        let mut outcome = Outcome::default();
        for record in input.records {
            match record.value.map_or(Ok(false), |value| self.0.holds(value)) {
                Ok(true) => outcome.records.push(passed(record)),
                Ok(false) => {}
                Err(error) => {
                    outcome.rejections.push(Rejection { offset: record.offset, reason: error.to_string() });
                }
            }
        }
        outcome
    }
}
