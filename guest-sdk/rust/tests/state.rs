//! A state table answers as a plain map does, whatever of it is still staged; a failed call leaves no trace.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;

use kafka_do_sdk::state::{Entry, Table};
use kafka_do_sdk::testing::{Harness, record};
use kafka_do_sdk::{Batch, Context, Description, Failure, HostError, NoSettings, Output, Processor};
use proptest::prelude::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Clone)]
enum Step {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Get(Vec<Vec<u8>>),
    Scan(Bound<Vec<u8>>, Bound<Vec<u8>>, u32),
}

/// What one call does, and whether it fails at its end.
#[derive(Debug, Clone)]
struct Call {
    steps: Vec<Step>,
    fails: bool,
}

thread_local! {
    static NEXT: RefCell<Option<(Call, Model)>> = const { RefCell::new(None) };
}

/// Runs the next call's steps on its table and on a model of it.
struct Compare {
    table: Table,
    /// The same table, opened twice.
    twin: Table,
}

impl Processor for Compare {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Compares a table with a model.").with_table("rows")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        assert!(matches!(Table::open("undeclared").err(), Some(HostError::NotFound(_))));
        Ok(Self { table: Table::open("rows")?, twin: Table::open("rows")? })
    }

    fn process(&mut self, _: Batch, _: &mut Output) -> Result<(), Failure> {
        let (call, mut model) = NEXT.take().expect("a call to run");
        for step in &call.steps {
            match step {
                Step::Put(key, value) => {
                    self.table.put(key.clone(), value.clone());
                    model.insert(key.clone(), value.clone());
                }
                Step::Delete(key) => {
                    self.twin.delete(key.clone());
                    model.remove(key);
                }
                Step::Get(keys) => {
                    let expected: Vec<_> = keys.iter().map(|key| model.get(key).cloned()).collect();
                    assert_eq!(self.table.get_many(keys)?, expected);
                }
                Step::Scan(from, until, limit) => {
                    let expected: Vec<Entry> = model
                        .iter()
                        .filter(|(key, _)| holds(from, until, key))
                        .take(*limit as usize)
                        .map(|(key, value)| Entry { key: key.clone(), value: value.clone() })
                        .collect();
                    assert_eq!(self.twin.scan((from.clone(), until.clone()), *limit)?, expected);
                }
            }
        }
        NEXT.set(Some((call.clone(), model)));
        if call.fails { Err(Failure::retry("told to fail")) } else { Ok(()) }
    }
}

fn holds(from: &Bound<Vec<u8>>, until: &Bound<Vec<u8>>, key: &Vec<u8>) -> bool {
    let after_from = match from {
        Bound::Included(from) => key >= from,
        Bound::Excluded(from) => key > from,
        Bound::Unbounded => true,
    };
    let before_until = match until {
        Bound::Included(until) => key <= until,
        Bound::Excluded(until) => key < until,
        Bound::Unbounded => true,
    };
    after_from && before_until
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..3_u8, 0..3)
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![key().prop_map(Bound::Included), key().prop_map(Bound::Excluded), Just(Bound::Unbounded)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (key(), key()).prop_map(|(key, value)| Step::Put(key, value)),
        2 => key().prop_map(Step::Delete),
        1 => prop::collection::vec(key(), 0..4).prop_map(Step::Get),
        2 => (bound(), bound(), 0..6_u32).prop_map(|(from, until, limit)| Step::Scan(from, until, limit)),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    (prop::collection::vec(step(), 0..12), prop::bool::weighted(0.2)).prop_map(|(steps, fails)| Call { steps, fails })
}

proptest! {
    #[test]
    fn a_table_answers_as_a_map_does(calls in prop::collection::vec(call(), 1..12)) {
        let mut harness = Harness::<Compare>::new("{}");
        let mut committed = Model::new();
        for call in calls {
            let fails = call.fails;
            NEXT.set(Some((call, committed.clone())));
            let result = harness.process([record()]);
            prop_assert_eq!(result.is_err(), fails);
            let (_, model) = NEXT.take().expect("the call came to its end");
            if !fails {
                committed = model;
            }
            prop_assert_eq!(harness.state("rows"), &committed);
        }
    }
}

/// Writes where it must not.
struct WritesInOpen;

impl Processor for WritesInOpen {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Writes when it is opened.").with_table("rows")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Table::open("rows")?.put("key", "value");
        Ok(Self)
    }

    fn process(&mut self, _: Batch, _: &mut Output) -> Result<(), Failure> {
        Ok(())
    }
}

#[test]
fn state_is_not_written_while_opening() {
    let refused = Harness::<WritesInOpen>::try_new("{}").err();
    assert!(matches!(refused, Some(Failure::Fatal(_))), "{refused:?}");
}
