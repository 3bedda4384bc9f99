//! The aggregates, as what takes numbers and has a value.

use kafka_do_sdk::json::Number;
use kafka_do_sdk::windows::{Aggregate, Average, Count, Max, Min, Sum};

/// What is gathered of a group.
pub(crate) trait Measure: Aggregate + 'static {
    fn take(&mut self, number: Number);
    /// As JSON.
    fn value(&self) -> String;
}

impl Measure for Count {
    fn take(&mut self, _: Number) {
        self.add();
    }

    fn value(&self) -> String {
        self.0.to_string()
    }
}

impl Measure for Sum {
    fn take(&mut self, number: Number) {
        self.add(number);
    }

    fn value(&self) -> String {
        Sum::value(self).to_string()
    }
}

impl Measure for Min {
    fn take(&mut self, number: Number) {
        self.add(number);
    }

    fn value(&self) -> String {
        or_null(self.0)
    }
}

impl Measure for Max {
    fn take(&mut self, number: Number) {
        self.add(number);
    }

    fn value(&self) -> String {
        or_null(self.0)
    }
}

impl Measure for Average {
    fn take(&mut self, number: Number) {
        self.add(number);
    }

    fn value(&self) -> String {
        or_null(Average::value(self).map(Number::from))
    }
}

/// A group is there because it took a number; the type cannot say so.
fn or_null(number: Option<Number>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}
